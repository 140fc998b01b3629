import { cva, type VariantProps } from 'class-variance-authority'
import { Slot } from 'radix-ui'
import type { ComponentProps } from 'react'
import { cn } from './cn.ts'
import { Spinner } from './spinner.tsx'
import { Tooltip } from './tooltip.tsx'

const button = cva(
  'inline-flex shrink-0 select-none items-center justify-center gap-1.5 whitespace-nowrap rounded-sm border font-medium text-sm transition-colors disabled:cursor-not-allowed disabled:opacity-55 aria-disabled:cursor-not-allowed aria-disabled:opacity-55 touch:text-[15px] [&_svg]:size-4 [&_svg]:shrink-0',
  {
    variants: {
      variant: {
        /** The one likely next step of a screen. */
        primary: 'border-transparent bg-accent text-on-accent not-disabled:hover:bg-accent-hover',
        outline: 'border-line-strong bg-surface text-text not-disabled:hover:bg-sunken',
        quiet:
          'border-transparent bg-transparent text-text-2 not-disabled:hover:bg-sunken not-disabled:hover:text-text data-[state=open]:bg-sunken data-[state=open]:text-text',
        /** Leads to a loss, asks first. */
        danger: 'border-line-strong bg-surface text-bad not-disabled:hover:bg-bad-soft',
        /** The last step of a loss. */
        destroy: 'border-transparent bg-bad text-on-bad not-disabled:hover:bg-bad-hover',
        link: 'border-transparent bg-transparent text-accent underline-offset-4 not-disabled:hover:underline',
      },
      size: {
        md: 'h-8.5 px-3 touch:h-11 touch:px-4',
        sm: 'h-7 px-2 text-xs touch:h-11 touch:px-3',
        /** Full tap size everywhere, for phone sheets and sign-in. */
        lg: 'h-11 px-4 text-md',
        icon: 'size-8.5 px-0 touch:size-11 [&_svg]:size-[18px]',
      },
    },
    defaultVariants: { variant: 'outline', size: 'md' },
  },
)

export interface ButtonProps extends ComponentProps<'button'>, VariantProps<typeof button> {
  /** Renders the only child with the button's look, for links. */
  asChild?: boolean
  /** Shows a spinner before the label and refuses further presses; the label stays, so nothing moves. */
  busy?: boolean
}

/** A button; `type` is `button` unless said otherwise, so that it never submits by accident. */
export function Button({ className, variant, size, asChild, busy, disabled, children, ...props }: ButtonProps) {
  const look = cn(button({ variant, size }), className)
  if (asChild) {
    return (
      <Slot.Root className={look} {...props}>
        {children}
      </Slot.Root>
    )
  }
  return (
    <button type="button" className={look} disabled={disabled || busy} aria-busy={busy || undefined} {...props}>
      {busy ? <Spinner /> : null}
      {children}
    </button>
  )
}

export interface IconButtonProps extends Omit<ButtonProps, 'aria-label'> {
  /** Says what the button does: read aloud, and shown as a tooltip. */
  label: string
  /** Shortcut shown in the tooltip. */
  shortcut?: string
}

/** A button with only an icon; its label is its tooltip and its accessible name. */
export function IconButton({ label, shortcut, variant = 'quiet', ...props }: IconButtonProps) {
  return (
    <Tooltip label={label} shortcut={shortcut}>
      <Button variant={variant} size="icon" aria-label={label} {...props} />
    </Tooltip>
  )
}
