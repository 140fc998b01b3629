import { CircleAlert } from 'lucide-react'
import { type ComponentProps, type ReactNode, useId } from 'react'
import { cn } from './cn.ts'

const control =
  'w-full min-w-0 rounded-sm border border-line-strong bg-surface px-3 text-text transition-colors placeholder:text-text-3 hover:border-text-3 disabled:cursor-not-allowed disabled:bg-sunken disabled:text-text-3 aria-invalid:border-bad focus-visible:outline-offset-0'

/** A one-line text input; 44 px high under a finger. */
export function Input({ className, ...props }: ComponentProps<'input'>) {
  return <input className={cn(control, 'h-9 touch:h-11', className)} {...props} />
}

/** A text area that grows with its content up to 40 % of the screen. */
export function Textarea({ className, ...props }: ComponentProps<'textarea'>) {
  return (
    <textarea
      className={cn(control, 'field-sizing-content max-h-[40dvh] min-h-20 resize-none py-2 leading-normal', className)}
      {...props}
    />
  )
}

/** The name of a control. */
export function Label({ htmlFor, className, children }: { htmlFor: string; className?: string; children: ReactNode }) {
  return (
    <label htmlFor={htmlFor} className={cn('font-medium text-sm', className)}>
      {children}
    </label>
  )
}

export interface ControlProps {
  id: string
  'aria-invalid': true | undefined
  'aria-describedby': string | undefined
}

interface FieldProps {
  label: ReactNode
  /** What is wrong and what to do; replaces the hint and is announced. */
  error?: string | null | undefined
  hint?: ReactNode
  /** Right of the label, for a state or a counter. */
  aside?: ReactNode
  className?: string
  children: (control: ControlProps) => ReactNode
}

/** Label, control, and one line below it that always has its place: the hint, or the error. */
export function Field({ label, error, hint, aside, className, children }: FieldProps) {
  const id = useId()
  const note = `${id}-note`
  return (
    <div className={cn('grid gap-1.5', className)}>
      <div className="flex min-h-5 items-center justify-between gap-2">
        <Label htmlFor={id}>{label}</Label>
        {aside}
      </div>
      {children({
        id,
        'aria-invalid': error ? true : undefined,
        'aria-describedby': error || hint ? note : undefined,
      })}
      <div id={note} aria-live="polite" className="min-h-4.5 text-text-3 text-xs">
        {error ? (
          <span className="flex items-start gap-1.5 text-bad">
            <CircleAlert aria-hidden="true" className="mt-0.5 size-3.5 shrink-0" />
            {error}
          </span>
        ) : (
          hint
        )}
      </div>
    </div>
  )
}
