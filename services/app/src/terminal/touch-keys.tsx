import type { Emulator } from '@pilot/chamber-ui/terminal/emulator.ts'
import { KeyBar } from '@pilot/chamber-ui/terminal/key-bar.tsx'
import {
  type Held,
  heldBy,
  keySequence,
  NO_STICKY,
  spendSticky,
  tapModifier,
  withHeld,
} from '@pilot/chamber-ui/terminal/key-bar-model.ts'
import { TypeLine, type TypeLineHandle } from '@pilot/chamber-ui/terminal/type-line.tsx'
import type { TerminalClient } from '@pilot/frontend/terminal/port'
import { type KeyboardEvent, type RefObject, useEffect, useRef, useState } from 'react'

interface TouchKeysProps {
  terminal: TerminalClient
  emulator: RefObject<Emulator | null>
  /** Gets the function that opens the keyboard. */
  focusRef: RefObject<(() => void) | null>
  disabled: boolean
  onPaste: (text: string) => void
  onPasteClipboard: () => void
  onSelectText: () => void
}

/** The field and the keys to type with under a finger. */
export function TouchKeys({ terminal, emulator, focusRef, disabled, ...on }: TouchKeysProps) {
  const [sticky, setSticky] = useState(NO_STICKY)
  const line = useRef<TypeLineHandle>(null)
  useEffect(() => {
    focusRef.current = () => line.current?.focus()
    return () => {
      focusRef.current = null
    }
  }, [focusRef])

  const send = (bytes: string): boolean => {
    const taken = terminal.input(bytes)
    if (taken) {
      emulator.current?.scrollToBottom()
      setSticky(spendSticky)
    }
    return taken
  }
  const held = heldBy(sticky)
  const modified = held.ctrl || held.alt
  const sendKey = (key: string, how: Held): boolean => {
    const bytes = keySequence(key, how, emulator.current?.modes().applicationCursor ?? false)
    return bytes !== null && send(bytes)
  }
  const onHardwareKey = (event: KeyboardEvent): boolean => {
    const { key, ctrlKey, altKey, metaKey, shiftKey } = event
    if (metaKey) return false
    const how = { ctrl: ctrlKey || held.ctrl, alt: altKey || held.alt, shift: shiftKey }
    // The field tells these itself.
    if (key === 'Enter' || (key === 'Backspace' && !ctrlKey && !altKey)) return false
    if (key.length === 1) return ctrlKey && !altKey && key !== 'v' ? send(withHeld(key, how)) : false
    return sendKey(key, how)
  }
  return (
    <>
      <TypeLine
        ref={line}
        disabled={disabled}
        onTyped={(bytes) => {
          if (!send(withHeld(bytes, held))) return 'refused'
          return modified ? 'forget' : 'taken'
        }}
        onKey={onHardwareKey}
        onEnter={() => send(withHeld('\r', { ...held, ctrl: false }))}
        onPaste={on.onPaste}
      />
      <KeyBar
        sticky={sticky}
        disabled={disabled}
        onModifier={(modifier) => setSticky(tapModifier(sticky, modifier, Date.now()))}
        onKey={(key) => {
          if (sendKey(key, held)) line.current?.reset()
        }}
        onText={(text) => {
          if (!send(withHeld(text, held))) return
          if (modified) line.current?.reset()
          else line.current?.append(text)
        }}
        onPaste={on.onPasteClipboard}
        onSelectText={on.onSelectText}
      />
    </>
  )
}
