import { Slot } from 'radix-ui'
import { type ReactElement, type ReactNode, useEffect, useRef } from 'react'

/** Rest of the pointer before a hint appears, in ms; the focus of a keyboard shows it at once. */
const DELAY_MS = 500
/** Space between a control, its hint and the edge of the screen, in px. */
const GAP = 6

interface TooltipProps {
  label: string
  shortcut?: string | undefined
  children: ReactElement
}

/** A hint on hover and keyboard focus. Never the only place where something is said. */
export function Tooltip({ label, shortcut, children }: TooltipProps) {
  return <Slot.Root data-hint={shortcut ? `${label} (${shortcut})` : label}>{children}</Slot.Root>
}

/**
 * Shows the hints of all controls below it: one element in the top layer that moves to the control. It is decorative for
 * screen readers, which read the control's own name.
 */
export function TooltipProvider({ children }: { children: ReactNode }) {
  const bubble = useRef<HTMLDivElement>(null)
  useEffect(() => {
    const element = bubble.current
    if (!element || typeof element.showPopover !== 'function') return
    let timer: ReturnType<typeof setTimeout> | undefined
    let shown: Element | null = null
    const hide = () => {
      clearTimeout(timer)
      if (shown) element.hidePopover()
      shown = null
    }
    const show = (target: Element) => {
      const text = target.getAttribute('data-hint')
      if (!text || !target.isConnected || target.getAttribute('aria-expanded') === 'true') return
      shown = target
      element.textContent = text
      element.showPopover()
      place(element, target.getBoundingClientRect())
    }
    const over = (event: PointerEvent) => {
      const target = hintOf(event.target)
      if (target === shown) return
      hide()
      if (target && event.pointerType === 'mouse') timer = setTimeout(() => show(target), DELAY_MS)
    }
    const focus = (event: FocusEvent) => {
      hide()
      const target = hintOf(event.target)
      if (target?.matches(':focus-visible')) show(target)
    }
    const events = ['pointerdown', 'keydown', 'wheel', 'focusout'] as const
    document.addEventListener('pointerover', over)
    document.addEventListener('focusin', focus)
    for (const name of events) document.addEventListener(name, hide, { capture: true, passive: true })
    return () => {
      hide()
      document.removeEventListener('pointerover', over)
      document.removeEventListener('focusin', focus)
      for (const name of events) document.removeEventListener(name, hide, { capture: true })
    }
  }, [])
  return (
    <>
      {children}
      <div
        ref={bubble}
        popover="manual"
        aria-hidden="true"
        className="pointer-events-none inset-auto m-0 max-w-72 rounded-sm border-0 bg-text px-2 py-1 text-bg text-xs shadow-float"
      />
    </>
  )
}

function hintOf(target: EventTarget | null): Element | null {
  return target instanceof Element ? target.closest('[data-hint]') : null
}

/** Below the control, above it where there is no room, and never outside the screen. */
function place(element: HTMLElement, anchor: DOMRect): void {
  const { width, height } = element.getBoundingClientRect()
  const below = anchor.bottom + GAP
  const top = below + height > window.innerHeight ? anchor.top - GAP - height : below
  const centre = anchor.left + anchor.width / 2 - width / 2
  const left = Math.max(GAP, Math.min(centre, window.innerWidth - width - GAP))
  element.style.top = `${top}px`
  element.style.left = `${left}px`
}
