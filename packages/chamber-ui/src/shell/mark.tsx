import { BRANDING } from '../branding.ts'
import { cn } from '../primitives/cn.ts'

/** The product's mark. */
export function Mark({ className }: { className?: string }) {
  return (
    <span
      aria-hidden="true"
      className={cn('grid size-7 shrink-0 place-items-center rounded-[8px] bg-text text-bg', className)}
    >
      <svg aria-hidden="true" viewBox="0 0 24 24" className="size-[66%] fill-none stroke-current stroke-[1.8]">
        <path d={BRANDING.mark} strokeLinecap="round" strokeLinejoin="round" />
      </svg>
    </span>
  )
}

/** Two letters of a name in a circle. */
export function Avatar({ name, className }: { name: string; className?: string }) {
  const words = name.trim().split(/\s+/u)
  const letters = [words[0], words.length > 1 ? words.at(-1) : undefined]
    .map((word) => [...(word ?? '')][0] ?? '')
    .join('')
    .toUpperCase()
  return (
    <span
      aria-hidden="true"
      className={cn(
        'grid size-6.5 shrink-0 place-items-center rounded-full bg-accent-soft font-semibold text-2xs text-accent',
        className,
      )}
    >
      {letters || '?'}
    </span>
  )
}
