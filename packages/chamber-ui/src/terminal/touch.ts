/** What fingers do on a terminal. */
export interface TouchHandlers {
  tap(): void
  longPress(): void
  /** The text grows or shrinks by this factor since the pinch began. */
  pinch(factor: number, done: boolean): void
  /** The finger moved by so many px; negative: upwards. */
  pan(pixels: number): void
}

/** A press this long without moving, in ms, and how far a finger may stray, in px. */
const LONG_PRESS_MS = 500
const STRAY_PX = 10
/** After this long without a finger, in ms, a pan has no more speed. */
const GLIDE_DECAY = 0.94
const GLIDE_MIN = 0.4

/** Reads taps, long presses, pans and pinches on an element; the returned function stops it. */
export function listenTouch(element: HTMLElement, on: TouchHandlers): () => void {
  const controller = new AbortController()
  let start: { x: number; y: number } | null = null
  let last = { y: 0, at: 0 }
  let speed = 0
  let moved = false
  let pinchFrom: number | null = null
  let factor = 1
  let timer: ReturnType<typeof setTimeout> | undefined
  let frame = 0
  const span = (touches: TouchList) => {
    const [a, b] = [touches[0], touches[1]]
    return a && b ? Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY) : 0
  }
  const glide = () => {
    speed *= GLIDE_DECAY
    if (Math.abs(speed) < GLIDE_MIN) return
    on.pan(speed)
    frame = requestAnimationFrame(glide)
  }
  const options = { passive: false, capture: true, signal: controller.signal }
  element.addEventListener(
    'touchstart',
    (event) => {
      cancelAnimationFrame(frame)
      clearTimeout(timer)
      const [touch] = event.touches
      if (!touch) return
      if (event.touches.length > 1) {
        pinchFrom = span(event.touches)
        factor = 1
        moved = true
        return
      }
      start = { x: touch.clientX, y: touch.clientY }
      last = { y: touch.clientY, at: event.timeStamp }
      speed = 0
      moved = false
      timer = setTimeout(() => {
        moved = true
        start = null
        on.longPress()
      }, LONG_PRESS_MS)
    },
    options,
  )
  element.addEventListener(
    'touchmove',
    (event) => {
      event.preventDefault()
      event.stopPropagation()
      const [touch] = event.touches
      if (!touch) return
      if (pinchFrom) {
        factor = span(event.touches) / pinchFrom
        on.pinch(factor, false)
        return
      }
      if (!start) return
      if (!moved && Math.hypot(touch.clientX - start.x, touch.clientY - start.y) < STRAY_PX) return
      clearTimeout(timer)
      moved = true
      const by = touch.clientY - last.y
      const frames = Math.max(1, (event.timeStamp - last.at) / 16)
      speed = by / frames
      last = { y: touch.clientY, at: event.timeStamp }
      on.pan(by)
    },
    options,
  )
  const end = (event: TouchEvent) => {
    clearTimeout(timer)
    if (event.touches.length > 0) return
    if (pinchFrom) on.pinch(factor, true)
    else if (start && !moved && event.type === 'touchend') on.tap()
    else if (start && moved) frame = requestAnimationFrame(glide)
    pinchFrom = null
    start = null
  }
  element.addEventListener('touchend', end, options)
  element.addEventListener('touchcancel', end, options)
  return () => {
    controller.abort()
    clearTimeout(timer)
    cancelAnimationFrame(frame)
  }
}
