import { ChevronDown } from 'lucide-react'
import type { ComponentProps } from 'react'
import { cn } from './cn.ts'

export interface SelectOption {
  value: string
  label: string
  disabled?: boolean
}

interface SelectProps extends Omit<ComponentProps<'select'>, 'onChange'> {
  options: readonly SelectOption[]
  onValueChange?: (value: string) => void
}

/** The platform's own list of choices with our look: complete for keyboards and screen readers, a wheel on phones. */
export function Select({ options, onValueChange, className, ...props }: SelectProps) {
  return (
    <span className={cn('relative block', className)}>
      <select
        className="h-9 w-full appearance-none truncate rounded-sm border border-line-strong bg-surface pr-9 pl-3 text-text transition-colors hover:border-text-3 focus-visible:outline-offset-0 disabled:cursor-not-allowed disabled:bg-sunken disabled:text-text-3 aria-invalid:border-bad touch:h-11"
        onChange={(event) => onValueChange?.(event.target.value)}
        {...props}
      >
        {options.map((option) => (
          <option key={option.value} value={option.value} disabled={option.disabled}>
            {option.label}
          </option>
        ))}
      </select>
      <ChevronDown
        aria-hidden="true"
        className="pointer-events-none absolute inset-y-0 right-3 my-auto size-4 text-text-3"
      />
    </span>
  )
}
