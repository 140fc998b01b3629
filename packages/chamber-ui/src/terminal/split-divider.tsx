import { type KeyboardEvent, type PointerEvent, useRef } from 'react'
import { cn } from '../primitives/cn.ts'

/** Move by one key press, as a share of the split. */
const KEY_STEP = 0.04

interface SplitDividerProps {
  direction: 'right' | 'down'
  ratio: number
  /** Shares of the whole area, 0 to 1. */
  area: { x: number; y: number; width: number; height: number }
  onRatio: (ratio: number) => void
}

/** The line between two halves of a split, moved by pointer and by arrow keys. Stands in the area of all panes. */
export function SplitDivider({ direction, ratio, area, onRatio }: SplitDividerProps) {
  const dragging = useRef(false)
  const right = direction === 'right'
  const onPointerMove = (event: PointerEvent<HTMLElement>) => {
    const box = event.currentTarget.parentElement?.getBoundingClientRect()
    if (!dragging.current || !box) return
    const place = right
      ? (event.clientX - box.left - area.x * box.width) / (area.width * box.width)
      : (event.clientY - box.top - area.y * box.height) / (area.height * box.height)
    onRatio(place)
  }
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowLeft: -KEY_STEP, ArrowUp: -KEY_STEP, ArrowRight: KEY_STEP, ArrowDown: KEY_STEP }[event.key]
    if (!step) return
    event.preventDefault()
    onRatio(ratio + step)
  }
  const percent = (share: number) => `${share * 100}%`
  return (
    // biome-ignore lint/a11y/useSemanticElements: a separator that is moved is not a thematic break
    <div
      role="separator"
      aria-label="Size of the split"
      aria-orientation={right ? 'vertical' : 'horizontal'}
      aria-valuenow={Math.round(ratio * 100)}
      aria-valuemin={10}
      aria-valuemax={90}
      tabIndex={0}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId)
        dragging.current = true
      }}
      onPointerMove={onPointerMove}
      onPointerUp={() => {
        dragging.current = false
      }}
      onPointerCancel={() => {
        dragging.current = false
      }}
      onKeyDown={onKeyDown}
      className={cn(
        'absolute z-10 touch-none before:absolute before:bg-line hover:bg-accent/20',
        right
          ? '-ml-1 w-2 cursor-col-resize before:inset-y-0 before:left-1 before:w-px'
          : '-mt-1 h-2 cursor-row-resize before:inset-x-0 before:top-1 before:h-px',
      )}
      style={
        right
          ? { left: percent(area.x + area.width * ratio), top: percent(area.y), height: percent(area.height) }
          : { top: percent(area.y + area.height * ratio), left: percent(area.x), width: percent(area.width) }
      }
    />
  )
}
