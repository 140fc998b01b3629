import { Skeleton } from '../primitives/skeleton.tsx'

/** A conversation that is being fetched, in the place where it will stand. */
export function TranscriptSkeleton() {
  return (
    <div role="status" className="flex min-h-0 flex-1 flex-col justify-end px-4 py-6 md:px-5">
      <span className="sr-only">Loading the conversation</span>
      <div className="mx-auto grid w-full max-w-[720px] gap-5">
        <div className="ml-auto grid w-3/5 gap-2 rounded-lg bg-sunken px-3.5 py-3">
          <Skeleton />
          <Skeleton className="w-2/3" />
        </div>
        <div className="grid gap-2.5">
          <Skeleton className="w-full" />
          <Skeleton className="w-11/12" />
          <Skeleton className="w-3/5" />
        </div>
        <div className="grid gap-3.5">
          <Skeleton className="h-3 w-56" />
          <Skeleton className="h-3 w-64" />
          <Skeleton className="h-3 w-48" />
        </div>
      </div>
    </div>
  )
}
