import { copyText } from '@pilot/chamber-ui/primitives/copy-button.tsx'
import { toast } from '@pilot/chamber-ui/primitives/toaster.tsx'
import type { Emulator, EmulatorSize, FindResult } from '@pilot/chamber-ui/terminal/emulator.ts'
import { FindBar } from '@pilot/chamber-ui/terminal/find-bar.tsx'
import { PasteDialog } from '@pilot/chamber-ui/terminal/paste-dialog.tsx'
import { SelectTextSheet } from '@pilot/chamber-ui/terminal/select-text-sheet.tsx'
import { type KeyAction, keyAction } from '@pilot/chamber-ui/terminal/terminal-keys.ts'
import { TerminalChips, TerminalNotices } from '@pilot/chamber-ui/terminal/terminal-notices.tsx'
import { TerminalView } from '@pilot/chamber-ui/terminal/terminal-view.tsx'
import type { ConnectionState } from '@pilot/frontend/link/connection-state'
import type { TerminalClient } from '@pilot/frontend/terminal/port'
import { type ReactNode, type Ref, useEffect, useImperativeHandle, useRef, useState } from 'react'
import { isAway } from '../workspace/machine-facts.tsx'
import type { useTerminalSettings } from './device-settings.ts'
import { type NoticeContext, noticeFacts } from './notice-facts.ts'
import { MAC } from './platform.ts'
import type { TerminalRow } from './terminal-rows.ts'
import { TouchKeys } from './touch-keys.tsx'
import { useAttachment } from './use-attachment.ts'
import { usePaste } from './use-paste.ts'
import { useSeconds } from './use-seconds.ts'

/** Lines that are given as text to select. */
const TEXT_LINES = 2_000

/** What the page asks of a terminal in it. */
export interface PaneHandle {
  act(action: KeyAction | 'select-text'): void
  focus(): void
}

export interface TerminalPaneProps {
  ref: Ref<PaneHandle>
  terminal: TerminalClient
  row: TerminalRow
  connection: ConnectionState
  away: string | null
  /** In the tab in front. */
  visible: boolean
  /** Typing goes here. */
  focused: boolean
  split: boolean
  touch: boolean
  dark: boolean
  settings: ReturnType<typeof useTerminalSettings>
  header: ReactNode
  busy: boolean
  onAction: (action: KeyAction) => void
  onFocus: () => void
  /** Rejects when no new program was started. */
  onReopen: () => Promise<void>
  onClose: () => void
  onTakeOver: () => void
  onRetry: () => void
}

/** One terminal: what there is to know about it, its picture, and on a phone the keys to type with. */
export function TerminalPane(props: TerminalPaneProps) {
  const { ref, terminal, row, connection, visible, focused, touch, settings } = props
  const attachment = useAttachment(terminal)
  const emulator = useRef<Emulator | null>(null)
  const [finding, setFinding] = useState(false)
  const [found, setFound] = useState<FindResult>({ index: -1, count: 0 })
  const [text, setText] = useState<string | null>(null)
  const [size, setSize] = useState<EmulatorSize | null>(null)
  const focusInput = useRef<(() => void) | null>(null)
  const now = useSeconds(attachment.waiting_since !== null)
  const focus = () => (touch ? focusInput.current?.() : emulator.current?.focus())
  const pasting = usePaste(
    terminal,
    () => emulator.current?.modes().bracketedPaste ?? false,
    () => emulator.current?.scrollToBottom(),
  )

  const act = (action: KeyAction | 'select-text') => {
    const screen = emulator.current
    if (!screen) return
    if (action === 'copy') {
      const selected = screen.selection()
      if (selected === '') return
      void copyText(selected).then((copied) => {
        if (!copied) toast.error('The browser did not allow to copy.')
      })
      screen.clearSelection()
    } else if (action === 'paste') pasting.pasteClipboard()
    else if (action === 'find') setFinding(true)
    else if (action === 'page-up') screen.scrollLines(1 - row.view.rows)
    else if (action === 'page-down') screen.scrollLines(row.view.rows - 1)
    else if (action === 'select-text') setText(screen.text(TEXT_LINES))
    else props.onAction(action)
  }
  const onKey = (event: KeyboardEvent): boolean => {
    const context = {
      mac: MAC,
      selection: (emulator.current?.selection() ?? '') !== '',
      fullScreen: emulator.current?.modes().fullScreen ?? false,
      split: props.split,
    }
    const action = keyAction(event, context)
    if (action === null) return false
    if (event.type === 'keydown') act(action)
    return true
  }
  useImperativeHandle(ref, () => ({ act, focus }))

  useEffect(() => {
    if (visible && focused && !touch) emulator.current?.focus()
  }, [visible, focused, touch])
  useEffect(() => emulator.current?.setScreenReader(settings.screenReader), [settings.screenReader])

  const context: NoticeContext = { row, attachment, away: props.away, now, size, touch }
  const facts = noticeFacts(context)
  /** The button goes with what it was for: typing goes on in the terminal, where that opens no keyboard. */
  const thenType = (action: () => void) => () => {
    action()
    if (!touch) focus()
  }
  const noticeActions = {
    onRetry: props.onRetry,
    onReopen: thenType(() => terminal.awaitProgram(props.onReopen())),
    onClose: props.onClose,
    onTakeOver: thenType(props.onTakeOver),
    onSendUnsent: thenType(() => terminal.sendUnsent()),
    onDiscardUnsent: thenType(() => terminal.discardUnsent()),
    onStopPaste: thenType(() => terminal.stopPaste()),
    onClaimSize: thenType(() => terminal.claimSize()),
  }
  return (
    <section aria-label={row.title} className="flex h-full min-h-0 min-w-0 flex-col">
      {props.header}
      <TerminalNotices facts={facts} actions={noticeActions} busy={props.busy} />
      {finding ? (
        <FindBar
          result={found}
          onFind={(...query) => emulator.current?.find(...query)}
          onClose={() => {
            setFinding(false)
            emulator.current?.endFind()
            focus()
          }}
        />
      ) : null}
      <TerminalView
        feed={terminal}
        label={row.title}
        dark={props.dark}
        fontSize={settings.fontSize}
        touch={touch}
        settled={facts.ended !== null && attachment.phase === 'live'}
        visible={visible}
        answers={attachment.writable}
        stale={isAway(connection) || row.state !== 'running'}
        onEmulator={(made) => {
          emulator.current = made
          made?.setScreenReader(settings.screenReader)
          if (made && visible && focused && !touch) made.focus()
        }}
        onKey={onKey}
        onPaste={pasting.paste}
        onOpenLink={(href) => window.open(href, '_blank', 'noopener,noreferrer')}
        onFocus={() => {
          props.onFocus()
          if (touch) focus()
        }}
        onFound={setFound}
        onSized={setSize}
        onFontSize={settings.setFontSize}
        onSelectText={() => act('select-text')}
      >
        {attachment.status === null && props.away ? (
          <p className="absolute inset-0 grid place-content-center bg-terminal px-6 text-center text-sm text-text-2">
            What it has printed comes when its machine is back.
          </p>
        ) : null}
        <TerminalChips facts={facts} actions={noticeActions} />
      </TerminalView>
      {touch && focused ? (
        <TouchKeys
          terminal={terminal}
          emulator={emulator}
          focusRef={focusInput}
          disabled={!attachment.writable}
          onPaste={pasting.paste}
          onPasteClipboard={pasting.pasteClipboard}
          onSelectText={() => act('select-text')}
        />
      ) : null}
      <PasteDialog paste={pasting.asking} onCancel={pasting.cancel} onPaste={pasting.confirm} />
      <SelectTextSheet text={text} onClose={() => setText(null)} />
    </section>
  )
}
