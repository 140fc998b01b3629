import { toast } from '@pilot/chamber-ui/primitives/toaster.tsx'
import { checkPaste, type PasteCheck, pasteParts } from '@pilot/chamber-ui/terminal/paste-guard.ts'
import type { TerminalClient } from '@pilot/frontend/terminal/port'
import { useState } from 'react'
import { pastesTrusted, trustPastes } from './device-settings.ts'

/** Pasting into one terminal: looked at first, asked about when it could run something, then sent piece by piece. */
export function usePaste(terminal: TerminalClient, bracketed: () => boolean, done: () => void) {
  const [asking, setAsking] = useState<PasteCheck | null>(null)
  const send = (text: string) => {
    const { text: body, ...around } = pasteParts(text, bracketed())
    if (!terminal.paste(body, around)) toast.error('Nothing was pasted: you may not type here right now.')
    done()
  }
  const paste = (raw: string) => {
    const check = checkPaste(raw)
    if (check.text === '') return
    if (check.needsAsking && !pastesTrusted(terminal.id)) setAsking(check)
    else send(check.text)
  }
  return {
    asking,
    paste,
    pasteClipboard: () => {
      // Without https there is no clipboard to read.
      const reading = navigator.clipboard?.readText?.() ?? Promise.reject(new Error('no clipboard'))
      reading.then(paste, () =>
        toast.error('The browser did not give the clipboard.', { description: 'Paste with its own menu or keys.' }),
      )
    },
    cancel: () => {
      setAsking(null)
      done()
    },
    confirm: (text: string, dontAsk: boolean) => {
      if (dontAsk) trustPastes(terminal.id)
      setAsking(null)
      send(text)
    },
  }
}
