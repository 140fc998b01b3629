import { CornerDownLeft } from 'lucide-react'
import { type KeyboardEvent, type Ref, useImperativeHandle, useRef, useState } from 'react'
import { Button } from '../primitives/button.tsx'
import {
  type Composition,
  EMPTY_LINE,
  MARK,
  stepLine,
  type TypedEvent,
  type TypedLine,
  typedBytes,
} from './input-diff.ts'

/** Lets the page forget what was typed here: after any other key the line in the terminal is another one. */
export interface TypeLineHandle {
  reset(): void
  /** A character of the key bar, which the terminal has already. */
  append(text: string): void
  focus(): void
}

interface TypeLineProps {
  ref?: Ref<TypeLineHandle>
  disabled: boolean
  /** Typed characters. `refused`: not taken, they are tried again with the next. `forget`: they became another key. */
  onTyped: (bytes: string) => 'taken' | 'refused' | 'forget'
  /** A key that is no text, from a keyboard that has it; true when the page took it. */
  onKey: (event: KeyboardEvent) => boolean
  onEnter: () => void
  onPaste: (text: string) => void
}

/** Android composes plain letters, and shows them only when they are sent at once. */
const COMPOSITION: Composition =
  typeof navigator !== 'undefined' && /Android/.test(navigator.userAgent) ? 'live' : 'hold'

/** The field that a phone types into; each change of it goes to the terminal at once. */
export function TypeLine({ ref, disabled, onTyped, onKey, onEnter, onPaste }: TypeLineProps) {
  const field = useRef<HTMLInputElement>(null)
  const line = useRef<TypedLine>(EMPTY_LINE)
  const [empty, setEmpty] = useState(true)
  const set = (value: string) => {
    if (field.current) field.current.value = value
    setEmpty(value === MARK || value === '')
  }
  const reset = () => {
    line.current = EMPTY_LINE
    set(MARK)
  }
  const append = (text: string) => {
    const sent = line.current.sent + text
    line.current = { sent, composing: false }
    set(MARK + sent)
  }
  useImperativeHandle(ref, () => ({ reset, append, focus: () => field.current?.focus() }))
  const step = (event: TypedEvent) => {
    const next = stepLine(line.current, event, COMPOSITION)
    const bytes = typedBytes(next.erase, next.text)
    const outcome = bytes === '' ? 'taken' : onTyped(bytes)
    if (outcome === 'refused') return
    if (outcome === 'forget') return reset()
    line.current = next.line
    if (next.field !== null) set(next.field)
    else if (event.type !== 'compositionstart') setEmpty(event.value === MARK)
  }
  return (
    <form
      className="flex shrink-0 gap-1.5 bg-bg px-2 pt-2 pb-1"
      onSubmit={(event) => {
        event.preventDefault()
        onEnter()
        reset()
      }}
    >
      <span className="relative min-w-0 flex-1">
        <input
          ref={field}
          aria-label="Type into the terminal"
          defaultValue={MARK}
          disabled={disabled}
          autoCapitalize="none"
          autoComplete="off"
          autoCorrect="off"
          spellCheck={false}
          enterKeyHint="send"
          onInput={(event) => step({ type: 'input', value: event.currentTarget.value })}
          onCompositionStart={() => step({ type: 'compositionstart' })}
          onCompositionEnd={(event) => step({ type: 'compositionend', value: event.currentTarget.value })}
          onKeyDown={(event) => {
            if (event.nativeEvent.isComposing || !onKey(event)) return
            event.preventDefault()
            reset()
          }}
          onPaste={(event) => {
            event.preventDefault()
            onPaste(event.clipboardData.getData('text/plain'))
          }}
          className="h-11 w-full rounded-md border border-line-strong bg-surface px-3 font-mono text-lg text-text disabled:bg-sunken"
        />
        {empty ? (
          <span
            aria-hidden="true"
            className="pointer-events-none absolute inset-y-0 left-3 flex items-center font-mono text-lg text-text-3"
          >
            Type here
          </span>
        ) : null}
      </span>
      <Button
        type="submit"
        variant="primary"
        aria-label="Enter"
        disabled={disabled}
        className="h-11 w-13"
        onPointerDown={(event) => event.preventDefault()}
        onMouseDown={(event) => event.preventDefault()}
      >
        <CornerDownLeft aria-hidden="true" />
      </Button>
    </form>
  )
}
