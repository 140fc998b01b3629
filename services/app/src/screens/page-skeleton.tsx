import { Skeleton, SkeletonRows } from '@pilot/chamber-ui/primitives/skeleton.tsx'

/** A page of which nothing is known yet but its proportions. */
export function PageSkeleton() {
  return (
    <>
      <div className="flex min-h-14 shrink-0 items-center border-line border-b bg-surface px-4 md:px-5">
        <Skeleton className="h-4 w-36" />
      </div>
      <div className="p-4 md:px-6 md:py-5">
        <SkeletonRows label="Loading" />
      </div>
    </>
  )
}
