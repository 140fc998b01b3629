import type { SessionState } from '@pilot/protocol/agent/fold'
import { useVirtualizer, type Virtualizer } from '@tanstack/react-virtual'
import { ArrowDown } from 'lucide-react'
import {
  type ReactNode,
  type RefObject,
  useCallback,
  useEffect,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from 'react'
import { Button } from '../primitives/button.tsx'
import { cn } from '../primitives/cn.ts'
import { Spinner } from '../primitives/spinner.tsx'
import { buildRows, type PendingPrompt, type Row } from './rows.ts'
import { type RowContext, TranscriptRow } from './turns.tsx'

/** A reader this near to the end follows what arrives, in px. */
const END_THRESHOLD = 48
/** Older messages are asked for when the reader is this near to the beginning, in px. */
const OLDER_THRESHOLD = 800
/** Room above the first row, where the line about earlier messages stands, in px. */
const OLDER_LINE_HEIGHT = 56
/** First guess of a row's height by its kind, in px; each row is measured when it is on screen. */
const ESTIMATE: Record<Row['type'], number> = {
  user: 96,
  prompt: 96,
  pending: 110,
  text: 120,
  reasoning: 40,
  tools: 68,
  note: 28,
  end: 60,
  todos: 140,
  working: 40,
}

interface TranscriptProps extends RowContext {
  state: SessionState
  pending: readonly PendingPrompt[]
  hasMore: boolean
  older: 'idle' | 'loading' | 'failed'
  onLoadOlder: () => void
  /** The content may be old: shown greyed. */
  stale: boolean
  /** Shown instead of rows while there is none. */
  empty: ReactNode
}

/**
 * The conversation, oldest at the top. Only what is near the screen is in the document. It follows the end while the
 * reader is there, and stays where the reader is otherwise: also when older messages come in above.
 */
export function Transcript(props: TranscriptProps) {
  const { state, pending, hasMore, older, onLoadOlder, stale, empty, actions, loadOutput } = props
  const scroller = useRef<HTMLDivElement>(null)
  const rows = useMemo(() => buildRows(state, pending), [state, pending])
  const context = useMemo<RowContext>(() => ({ actions, loadOutput }), [actions, loadOutput])
  const virtualizer = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    getItemKey: useCallback((index: number) => rows[index]?.key ?? index, [rows]),
    estimateSize: (index) => ESTIMATE[rows[index]?.type ?? 'text'],
    overscan: 6,
    gap: 12,
    paddingStart: OLDER_LINE_HEIGHT,
    paddingEnd: 32,
    anchorTo: 'end',
    followOnAppend: true,
    scrollEndThreshold: END_THRESHOLD,
  })
  const [atEnd, setAtEnd] = useState(true)
  const unseen = useUnseen(rows, atEnd)
  const noteScroll = useFollowEnd(scroller, virtualizer, rows.length, setAtEnd)

  const onScroll = () => {
    noteScroll()
    const top = scroller.current?.scrollTop ?? 0
    if (hasMore && older === 'idle' && rows.length > 0 && top < OLDER_THRESHOLD) onLoadOlder()
  }

  return (
    <div className="relative min-h-0 flex-1">
      <section
        ref={scroller}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: the history has to be scrollable by keys
        tabIndex={0}
        aria-label="Conversation"
        onScroll={onScroll}
        className={cn(
          'flex h-full flex-col overflow-y-auto overflow-x-hidden overscroll-contain px-4 [overflow-anchor:none] focus-visible:-outline-offset-2 md:px-5',
          stale && 'opacity-60',
        )}
      >
        {rows.length === 0 ? empty : null}
        <div
          className="relative mx-auto mt-auto w-full max-w-[720px] shrink-0"
          style={{ height: rows.length === 0 ? 0 : virtualizer.getTotalSize() }}
        >
          {hasMore || older !== 'idle' ? <OlderLine older={older} onLoadOlder={onLoadOlder} /> : null}
          {virtualizer.getVirtualItems().map((item) => {
            const row = rows[item.index]
            return row ? (
              <div
                key={item.key}
                data-index={item.index}
                data-row={row.type}
                ref={virtualizer.measureElement}
                className="absolute inset-x-0 top-0"
                style={{ transform: `translateY(${item.start}px)` }}
              >
                <TranscriptRow row={row} context={context} />
              </div>
            ) : null
          })}
        </div>
      </section>
      {atEnd ? null : (
        <div className="pointer-events-none absolute inset-x-0 bottom-3 flex justify-center">
          <Button
            className="pointer-events-auto rounded-full shadow-float"
            onClick={() => virtualizer.scrollToEnd({ behavior: 'auto' })}
          >
            <ArrowDown aria-hidden="true" />
            {unseen > 0 ? `${unseen} new` : 'To the end'}
          </Button>
        </div>
      )}
      <output className="sr-only" aria-live="polite">
        {!atEnd && unseen > 0 ? `${unseen} new below` : ''}
      </output>
    </div>
  )
}

function OlderLine({ older, onLoadOlder }: Pick<TranscriptProps, 'older' | 'onLoadOlder'>) {
  return (
    <div className="absolute inset-x-0 top-1.5 flex h-11 items-center justify-center gap-2 text-text-3 text-xs">
      {older === 'loading' ? (
        <>
          <Spinner /> Loading earlier messages
        </>
      ) : (
        <Button size="sm" variant="quiet" onClick={onLoadOlder}>
          {older === 'failed' ? 'Earlier messages could not be loaded. Try again' : 'Load earlier messages'}
        </Button>
      )}
    </div>
  )
}

/**
 * Keeps the end in sight while the reader is there: from the first view on, and when the place for the conversation gets
 * smaller (a keyboard, a question below it). Only the reader's own scrolling lets go of the end.
 */
function useFollowEnd(
  scroller: RefObject<HTMLElement | null>,
  virtualizer: Pick<Virtualizer<HTMLDivElement, Element>, 'scrollToEnd'>,
  count: number,
  onAtEnd: (atEnd: boolean) => void,
): () => void {
  const pinned = useRef(true)
  const lastTop = useRef(0)
  const toEnd = useCallback(() => {
    if (pinned.current) virtualizer.scrollToEnd()
  }, [virtualizer])

  const empty = count === 0
  useLayoutEffect(() => {
    if (!empty) toEnd()
  }, [empty, toEnd])
  useEffect(() => {
    const element = scroller.current
    if (!element) return
    const observer = new ResizeObserver(toEnd)
    observer.observe(element)
    return () => observer.disconnect()
  }, [scroller, toEnd])

  return useCallback(() => {
    const element = scroller.current
    if (!element) return
    const { scrollTop: top, scrollHeight, clientHeight } = element
    const movedUp = top < lastTop.current - 1
    lastTop.current = top
    // What grows or shrinks by itself never moves the view up and away from the end: that is the reader. Asked of the
    // element, because the virtualizer may hear of this scroll after us.
    if (scrollHeight - top - clientHeight <= END_THRESHOLD) pinned.current = true
    else if (movedUp) pinned.current = false
    else toEnd()
    onAtEnd(pinned.current)
  }, [scroller, toEnd, onAtEnd])
}

/** How many rows came at the end since the reader left it. */
function useUnseen(rows: readonly Row[], atEnd: boolean): number {
  const last = rows.at(-1)?.key ?? null
  const [seen, setSeen] = useState<string | null>(last)
  useEffect(() => {
    if (atEnd) setSeen(last)
  }, [atEnd, last])
  if (atEnd || seen === null) return 0
  const index = rows.findLastIndex((row) => row.key === seen)
  return index < 0 ? 0 : rows.length - 1 - index
}
