import { clampFont, FONT } from '@pilot/chamber-ui/terminal/model.ts'
import { useSyncExternalStore } from 'react'
import { z } from 'zod'

const KEY = 'pilot.terminal'
/** Terminals whose pastes are not asked about any more; the oldest leave. */
const MAX_TRUSTED = 50
const SettingsSchema = z.object({
  font: z.number().nullable().catch(null),
  trusted: z.array(z.string()).catch([]),
  screen_reader: z.boolean().catch(false),
})
type Settings = z.infer<typeof SettingsSchema>

const listeners = new Set<() => void>()
let settings: Settings | null = null

function read(): Settings {
  if (settings) return settings
  let stored: unknown = {}
  try {
    stored = JSON.parse(localStorage.getItem(KEY) ?? '{}')
  } catch {
    // Storage is forbidden or broken: the usual settings.
  }
  const parsed = SettingsSchema.safeParse(stored)
  settings = parsed.success ? parsed.data : { font: null, trusted: [], screen_reader: false }
  return settings
}

function write(change: Partial<Settings>): void {
  settings = { ...read(), ...change }
  try {
    localStorage.setItem(KEY, JSON.stringify(settings))
  } catch {
    // It lasts as long as the page.
  }
  for (const listener of listeners) listener()
}

/** How terminals look on this device. */
export function useTerminalSettings(touch: boolean) {
  const { font, screen_reader: screenReader } = useSyncExternalStore(
    (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    read,
    read,
  )
  const usual = touch ? FONT.touch : FONT.usual
  return {
    fontSize: font ?? usual,
    screenReader,
    setFontSize: (size: number) => write({ font: clampFont(size) }),
    usualFontSize: () => write({ font: null }),
    setScreenReader: (on: boolean) => write({ screen_reader: on }),
  }
}

/** True when pastes into this terminal go through unseen, because the user said so. */
export function pastesTrusted(terminalId: string): boolean {
  return read().trusted.includes(terminalId)
}

export function trustPastes(terminalId: string): void {
  write({ trusted: [...read().trusted.filter((id) => id !== terminalId), terminalId].slice(-MAX_TRUSTED) })
}
