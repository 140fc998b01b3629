import { type ReactNode, useEffect, useEffectEvent, useRef, useState } from 'react'
import { cn } from '../primitives/cn.ts'
import { createEmulator, type Emulator, type EmulatorSize, type FindResult } from './emulator.ts'
import { clampFont, type TerminalFeed } from './model.ts'
import { listenTouch } from './touch.ts'

/** The size is told once the layout has been still for this long, in ms. */
const STILL_MS = 120

export interface TerminalViewProps {
  feed: TerminalFeed
  /** Read aloud as the name of the terminal. */
  label: string
  dark: boolean
  fontSize: number
  touch: boolean
  /** Nothing more comes, so that the text takes the size of the view. */
  settled: boolean
  /** In sight; an emulator that is not goes on in the background. */
  visible: boolean
  /** The user may type, so that this tab answers what a program asks its terminal while its output is live. */
  answers: boolean
  /** Dims the picture: what it shows may be old. */
  stale: boolean
  /** Floats over the picture. */
  children?: ReactNode
  onEmulator: (emulator: Emulator | null) => void
  /** True when the page took the key. */
  onKey: (event: KeyboardEvent) => boolean
  onPaste: (text: string) => void
  onOpenLink: (href: string) => void
  onFocus: () => void
  onFound: (result: FindResult) => void
  onSized: (size: EmulatorSize) => void
  onFontSize: (size: number) => void
  /** A finger asks for text to select. */
  onSelectText: () => void
}

/** One terminal's emulator in the room that there is; smaller or larger terminals stand in its middle. */
export function TerminalView(props: TerminalViewProps) {
  const { feed, label, dark, fontSize, touch, settled, visible, stale } = props
  const outer = useRef<HTMLDivElement>(null)
  const inner = useRef<HTMLDivElement>(null)
  const emulator = useRef<Emulator | null>(null)
  const [place, setPlace] = useState<'fits' | 'overflowing' | 'foreign'>('fits')
  const hasFocus = () => document.hasFocus() && (touch || outer.current?.contains(document.activeElement) === true)

  const onInput = useEffectEvent((data: string | Uint8Array) => feed.input(data))
  const mayAnswer = useEffectEvent(() => props.answers && visible && hasFocus())
  const onKey = useEffectEvent(props.onKey)
  const onPaste = useEffectEvent(props.onPaste)
  const onOpenLink = useEffectEvent(props.onOpenLink)
  const onFound = useEffectEvent(props.onFound)
  const onFocus = useEffectEvent(props.onFocus)
  const onSelectText = useEffectEvent(props.onSelectText)
  const onFontSize = useEffectEvent(props.onFontSize)
  const onEmulator = useEffectEvent(props.onEmulator)
  const look = useEffectEvent(() => ({ dark, fontSize, touch, settled }))
  const told = useRef<{ cols: number; rows: number } | null>(null)
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  /** Says which size this view wants, once it has been the same for a moment. */
  const tellSoon = (wanted: { cols: number; rows: number } | null) => {
    clearTimeout(timer.current)
    if (!wanted || (told.current?.cols === wanted.cols && told.current.rows === wanted.rows)) return
    timer.current = setTimeout(() => {
      told.current = wanted
      feed.wantSize(wanted.cols, wanted.rows)
    }, STILL_MS)
  }
  const onSized = useEffectEvent((size: EmulatorSize) => {
    tellSoon(size.wanted)
    const overflows = size.wanted !== null && size.actual.rows > size.wanted.rows
    setPlace(size.foreign ? 'foreign' : overflows ? 'overflowing' : 'fits')
    props.onSized(size)
  })

  useEffect(() => {
    const parent = inner.current
    if (!parent) return
    const made = createEmulator(
      parent,
      {
        input: onInput,
        mayAnswer,
        key: onKey,
        paste: onPaste,
        openLink: onOpenLink,
        found: onFound,
        sized: onSized,
      },
      look(),
    )
    emulator.current = made
    made.fit()
    told.current = made.wanted()
    clearTimeout(timer.current)
    feed.setScreen(made.screen, told.current ?? { cols: 80, rows: 24 })
    onEmulator(made)
    const observer = new ResizeObserver(made.fit)
    observer.observe(parent)
    return () => {
      observer.disconnect()
      clearTimeout(timer.current)
      feed.setScreen(null, { cols: 80, rows: 24 })
      onEmulator(null)
      emulator.current = null
      made.dispose()
    }
  }, [feed])

  useEffect(() => {
    emulator.current?.setLook({ dark, fontSize, touch, settled })
  }, [dark, fontSize, touch, settled])

  useEffect(() => {
    const tell = () => feed.setVisible(visible && document.visibilityState === 'visible')
    tell()
    document.addEventListener('visibilitychange', tell)
    return () => document.removeEventListener('visibilitychange', tell)
  }, [feed, visible])

  useEffect(() => {
    const element = outer.current
    if (!element || !touch) return
    let from = 0
    return listenTouch(element, {
      tap: onFocus,
      longPress: onSelectText,
      pinch: (factor, done) => {
        if (from === 0) from = look().fontSize
        onFontSize(clampFont(from * factor))
        if (done) from = 0
      },
      pan: (pixels) => emulator.current?.pan(pixels),
    })
  }, [touch])

  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset groups fields of a form; this groups a terminal
    <div
      ref={outer}
      role="group"
      aria-label={label}
      data-terminal
      onFocus={onFocus}
      className={cn(
        'relative min-h-0 min-w-0 flex-1 overflow-hidden bg-terminal',
        touch && 'touch-none',
        stale && '[&_.xterm-screen]:opacity-70',
      )}
    >
      <div
        ref={inner}
        className={cn(
          'absolute inset-x-2 inset-y-1.5 flex overflow-hidden md:inset-x-3',
          // Until the machine has this view's size, the newest lines are what is seen.
          place === 'overflowing' && 'items-end',
          // The smallest font may still be too wide: then its beginning is seen, and the rest by moving it sideways.
          place === 'foreign' &&
            'items-center-safe justify-center-safe overflow-x-auto [scrollbar-width:none] [&>.xterm]:shrink-0 [&>.xterm]:outline [&>.xterm]:outline-line',
        )}
      />
      {props.children}
    </div>
  )
}
