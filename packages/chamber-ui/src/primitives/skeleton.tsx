import { cn } from './cn.ts'

/** Stands where content will be, in its final size. */
export function Skeleton({ className }: { className?: string }) {
  return (
    <span
      aria-hidden="true"
      className={cn('block h-3.5 animate-skeleton rounded-xs bg-line motion-reduce:animate-none', className)}
    />
  )
}

/** Rows of a table or list that is being fetched. */
export function SkeletonRows({ rows = 3, label }: { rows?: number; label: string }) {
  return (
    <div role="status" className="grid">
      <span className="sr-only">{label}</span>
      {[...Array(rows).keys()].map((row) => (
        <div key={row} className="grid min-h-16 content-center gap-2 border-line border-b py-3">
          <Skeleton className="w-40" />
          <Skeleton className="h-2.5 w-64 max-w-full" />
        </div>
      ))}
    </div>
  )
}
