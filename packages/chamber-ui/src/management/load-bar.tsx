import { cn } from '../primitives/cn.ts'

/** Above this share the bar warns. */
const HOT = 0.85

/** A share from 0 to 1 as a small bar with its number beside it; a dash when it is not known. */
export function LoadBar({ value, label }: { value: number | undefined; label: string }) {
  if (value === undefined) return <span className="text-text-3">–</span>
  const percent = Math.round(Math.min(1, Math.max(0, value)) * 100)
  return (
    <span className="inline-flex items-center gap-2">
      <span aria-hidden="true" className="block h-1.5 w-12 overflow-hidden rounded-full bg-sunken">
        <span
          className={cn('block h-full rounded-full', value > HOT ? 'bg-wait' : 'bg-text-3')}
          style={{ width: `${percent}%` }}
        />
      </span>
      <span className="w-9 text-text-3 text-xs">
        <span className="sr-only">{label} </span>
        {percent} %
      </span>
    </span>
  )
}
