import { cn } from '../primitives/cn.ts'

/** Above this share the bar warns. */
const HOT = 0.85

/** A share from 0 to 1 as a small bar; a dash when it is not known. */
export function LoadBar({ value, label }: { value: number | undefined; label: string }) {
  if (value === undefined) return <span className="text-text-3">–</span>
  const percent = Math.round(Math.min(1, Math.max(0, value)) * 100)
  return (
    <span title={`${percent} %`} className="inline-flex items-center">
      <span aria-hidden="true" className="block h-1.5 w-14 overflow-hidden rounded-full bg-sunken">
        <span
          className={cn('block h-full rounded-full', value > HOT ? 'bg-wait' : 'bg-text-3')}
          style={{ width: `${percent}%` }}
        />
      </span>
      <span className="sr-only">
        {label} {percent} %
      </span>
    </span>
  )
}
