import { X } from 'lucide-react'
import { Dialog as Radix } from 'radix-ui'
import { useRef } from 'react'
import { IconButton } from './button.tsx'
import { cn } from './cn.ts'
import type { DialogProps } from './dialog.tsx'
import type { SheetProps } from './sheet.tsx'

const SCRIM = 'fixed inset-0 z-40 animate-fade-in bg-scrim'

/** The first thing to fill in or to answer gets the focus, not the button that closes. */
function focusFirst(event: Event) {
  const { target } = event
  if (!(target instanceof HTMLElement)) return
  const field = target.querySelector<HTMLElement>('[data-focus]') ?? target.querySelector<HTMLElement>(FIRST)
  if (!field) return
  event.preventDefault()
  field.focus()
}

/** Gives the focus back to what had it: these dialogs are opened by state, and have no button of their own for that. */
function useFocusBack(opened?: (event: Event) => void) {
  const before = useRef<Element | null>(null)
  return {
    onOpenAutoFocus: (event: Event) => {
      before.current = document.activeElement
      opened?.(event)
    },
    onCloseAutoFocus: (event: Event) => {
      event.preventDefault()
      if (before.current instanceof HTMLElement) before.current.focus({ preventScroll: true })
      before.current = null
    },
  }
}
const FIRST = 'input:not(:disabled), select:not(:disabled), textarea:not(:disabled), [data-first]'

/** The dialog behind `Dialog`. */
export function DialogView({ open, onOpenChange, title, description, children, size = 'md', className }: DialogProps) {
  const focus = useFocusBack(focusFirst)
  return (
    <Radix.Root open={open} onOpenChange={onOpenChange}>
      <Radix.Portal>
        <Radix.Overlay className={SCRIM} />
        <Radix.Content
          {...(description ? {} : { 'aria-describedby': undefined })}
          {...focus}
          className={cn(
            'fixed z-50 flex flex-col overflow-hidden border border-line bg-raised shadow-float focus:outline-none',
            'max-md:inset-x-0 max-md:bottom-0 max-md:max-h-[92dvh] max-md:animate-sheet-in max-md:rounded-t-lg max-md:pb-[env(safe-area-inset-bottom)]',
            'md:top-1/2 md:left-1/2 md:max-h-[86dvh] md:w-[calc(100vw-48px)] md:-translate-1/2 md:animate-pop-in md:rounded-lg',
            size === 'lg' ? 'md:max-w-2xl' : 'md:max-w-[480px]',
            className,
          )}
        >
          <header className="flex shrink-0 items-start gap-3 px-5 pt-4 pb-1">
            <div className="grid min-w-0 flex-1 gap-0.5">
              <Radix.Title className="font-semibold text-lg">{title}</Radix.Title>
              {description ? (
                <Radix.Description className="text-sm text-text-2">{description}</Radix.Description>
              ) : null}
            </div>
            <Radix.Close asChild>
              <IconButton label="Close" className="-mt-1 -mr-2">
                <X aria-hidden="true" />
              </IconButton>
            </Radix.Close>
          </header>
          <div className="min-h-0 overflow-y-auto overscroll-contain px-5 pt-3 pb-5">{children}</div>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  )
}

/** The panel behind `Sheet`. */
export function SheetView({
  open,
  onOpenChange,
  title,
  description,
  side = 'bottom',
  className,
  children,
}: SheetProps) {
  const focus = useFocusBack()
  return (
    <Radix.Root open={open} onOpenChange={onOpenChange}>
      <Radix.Portal>
        <Radix.Overlay className={SCRIM} />
        <Radix.Content
          {...(description ? {} : { 'aria-describedby': undefined })}
          {...focus}
          className={cn(
            'fixed z-50 flex flex-col border-line bg-raised shadow-float focus:outline-none',
            side === 'bottom'
              ? 'inset-x-0 bottom-0 mx-auto max-h-[88dvh] max-w-2xl animate-sheet-in rounded-t-lg border-t pb-[env(safe-area-inset-bottom)]'
              : 'inset-y-0 right-0 w-[min(480px,100vw)] animate-fade-in border-l',
            className,
          )}
        >
          <header className="flex shrink-0 items-center gap-2 py-2 pr-2 pl-4">
            <Radix.Title className="min-w-0 flex-1 truncate font-semibold text-lg">{title}</Radix.Title>
            <Radix.Close asChild>
              <IconButton label="Close">
                <X aria-hidden="true" />
              </IconButton>
            </Radix.Close>
          </header>
          {description ? (
            <Radix.Description className="px-4 text-sm text-text-2">{description}</Radix.Description>
          ) : null}
          <div className="min-h-0 flex-1 overflow-y-auto overscroll-contain">{children}</div>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  )
}
