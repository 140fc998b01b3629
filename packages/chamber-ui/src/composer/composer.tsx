import { ArrowUp, Square } from 'lucide-react'
import { type KeyboardEvent, type ReactNode, type Ref, useRef } from 'react'
import { Button } from '../primitives/button.tsx'

interface ComposerProps {
  /** The draft; kept per session by whoever owns it. */
  value: string
  onChange: (value: string) => void
  onSend: (text: string) => void
  /** Present while there is something to stop. */
  onStop?: (() => void) | undefined
  stopping?: boolean
  placeholder: string
  /** Why nothing can be sent, said in the place of the box; null when it can. */
  disabledReason?: ReactNode
  /** A line above the box, such as what happens to what is sent while the machine is away. */
  hint?: ReactNode
  /** Left of the button: model and the like. */
  chips?: ReactNode
  maxLength: number
  inputRef?: Ref<HTMLTextAreaElement>
}

/** Where a prompt is written. Enter sends where there is a keyboard, ⌘↵ and Ctrl ↵ everywhere; Shift ↵ makes a line. */
export function Composer(props: ComposerProps) {
  const { value, onChange, onSend, onStop, stopping, placeholder, disabledReason, hint, chips, maxLength, inputRef } =
    props
  const box = useRef<HTMLDivElement>(null)
  const tooLong = value.length > maxLength
  const ready = value.trim() !== '' && !tooLong
  const send = () => {
    if (ready) onSend(value)
  }
  if (disabledReason) {
    return (
      <Frame>
        <div className="mx-auto max-w-[760px] rounded-lg border border-line bg-sunken px-4 py-3 text-sm text-text-2">
          {disabledReason}
        </div>
      </Frame>
    )
  }
  return (
    <Frame>
      <div ref={box} className="mx-auto max-w-[760px]">
        {hint ? (
          <p role="status" className="px-1 pb-1.5 text-text-2 text-xs">
            {hint}
          </p>
        ) : null}
        <div className="grid gap-2 rounded-lg border border-line-strong bg-surface px-3.5 pt-3 pb-2.5 focus-within:border-accent focus-within:outline-2 focus-within:outline-accent focus-within:-outline-offset-1">
          <textarea
            ref={inputRef}
            rows={1}
            aria-label="Message to the agent"
            placeholder={placeholder}
            value={value}
            onChange={(event) => onChange(event.target.value)}
            onKeyDown={(event) => {
              if (!shouldSend(event)) return
              event.preventDefault()
              send()
            }}
            className="field-sizing-content max-h-[38dvh] min-h-6 w-full resize-none bg-transparent leading-normal outline-none touch:min-h-11 touch:pt-2"
          />
          <div className="flex min-h-8.5 items-center gap-2">
            <div className="flex min-w-0 flex-1 items-center gap-1.5 overflow-hidden">{chips}</div>
            {tooLong ? (
              <span role="alert" className="text-bad text-xs tabular-nums">
                {value.length - maxLength} characters too long
              </span>
            ) : null}
            {onStop ? (
              <Button onClick={onStop} busy={stopping ?? false}>
                {stopping ? null : <Square aria-hidden="true" className="size-3! fill-current" />} Stop
              </Button>
            ) : null}
            {!onStop || ready ? (
              <Button variant="primary" size="icon" disabled={!ready} onClick={send} aria-label="Send">
                <ArrowUp aria-hidden="true" />
              </Button>
            ) : null}
          </div>
        </div>
      </div>
    </Frame>
  )
}

function Frame({ children }: { children: ReactNode }) {
  return (
    <div className="shrink-0 bg-surface px-3 pb-[max(12px,env(safe-area-inset-bottom))] md:px-5 md:pb-5">
      {children}
    </div>
  )
}

/** A phone's enter key makes a line: its keyboard has no other way to. */
function shouldSend(event: KeyboardEvent): boolean {
  if (event.key !== 'Enter' || event.nativeEvent.isComposing) return false
  if (event.metaKey || event.ctrlKey) return true
  return !event.shiftKey && !event.altKey && !matchMedia('(pointer: coarse)').matches
}
