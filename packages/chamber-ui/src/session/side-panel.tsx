import { X } from 'lucide-react'
import { type KeyboardEvent, type PointerEvent, type ReactNode, useRef, useState } from 'react'
import { IconButton } from '../primitives/button.tsx'

/** Widths of the panel beside the work, in px. */
export const PANEL_WIDTH = { min: 320, initial: 420, max: 900 } as const
const KEY_STEP = 24

interface SidePanelProps {
  title: ReactNode
  width: number
  /** Called when a drag or a key press ends, to be remembered. */
  onWidthChange: (width: number) => void
  onClose: () => void
  children: ReactNode
}

/** A panel beside the work, resized by its left edge. */
export function SidePanel({ title, width, onWidthChange, onClose, children }: SidePanelProps) {
  const [drag, setDrag] = useState<number | null>(null)
  const start = useRef<{ x: number; width: number } | null>(null)
  const shown = clamp(drag ?? width)
  const onPointerDown = (event: PointerEvent<HTMLElement>) => {
    event.currentTarget.setPointerCapture(event.pointerId)
    start.current = { x: event.clientX, width: shown }
  }
  const onPointerMove = (event: PointerEvent<HTMLElement>) => {
    if (start.current) setDrag(clamp(start.current.width + start.current.x - event.clientX))
  }
  const onPointerEnd = () => {
    if (start.current && drag !== null) onWidthChange(drag)
    start.current = null
    setDrag(null)
  }
  const onKeyDown = (event: KeyboardEvent) => {
    const step = event.key === 'ArrowLeft' ? KEY_STEP : event.key === 'ArrowRight' ? -KEY_STEP : 0
    if (step === 0) return
    event.preventDefault()
    onWidthChange(clamp(width + step))
  }
  return (
    <aside
      aria-label="Side panel"
      className="relative flex h-full min-h-0 shrink-0 flex-col border-line border-l bg-surface"
      style={{ width: shown, maxWidth: '60vw' }}
    >
      {/* biome-ignore lint/a11y/useSemanticElements: a separator that is moved is not a thematic break */}
      <div
        role="separator"
        aria-orientation="vertical"
        aria-label="Width of the panel"
        aria-valuenow={shown}
        aria-valuemin={PANEL_WIDTH.min}
        aria-valuemax={PANEL_WIDTH.max}
        tabIndex={0}
        onPointerDown={onPointerDown}
        onPointerMove={onPointerMove}
        onPointerUp={onPointerEnd}
        onPointerCancel={onPointerEnd}
        onKeyDown={onKeyDown}
        className="absolute inset-y-0 -left-1 z-10 w-2 cursor-col-resize touch-none hover:bg-accent/20"
      />
      <header className="flex h-14 shrink-0 items-center gap-2 border-line border-b pr-2 pl-4">
        <h2 className="min-w-0 flex-1 truncate font-medium text-sm">{title}</h2>
        <IconButton label="Close the panel" onClick={onClose}>
          <X aria-hidden="true" />
        </IconButton>
      </header>
      <div className="min-h-0 flex-1 overflow-y-auto overscroll-contain">{children}</div>
    </aside>
  )
}

function clamp(width: number): number {
  return Math.round(Math.min(PANEL_WIDTH.max, Math.max(PANEL_WIDTH.min, width)))
}
