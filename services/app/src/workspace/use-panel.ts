import { PANEL_WIDTH } from '@pilot/chamber-ui/session/side-panel.tsx'
import { useState } from 'react'
import { z } from 'zod'

const KEY = 'pilot.panel'
const PanelSchema = z.object({ open: z.boolean().nullable(), width: z.number() })
type Panel = z.infer<typeof PanelSchema>

function read(): Panel {
  try {
    const parsed = PanelSchema.safeParse(JSON.parse(localStorage.getItem(KEY) ?? 'null'))
    if (parsed.success) return parsed.data
  } catch {
    // Storage is forbidden: the usual width.
  }
  return { open: null, width: PANEL_WIDTH.initial }
}

/** Width of the side panel and whether this user wants it, remembered on this device; null = not said yet. */
export function usePanel() {
  const [panel, setPanel] = useState(read)
  const change = (next: Partial<Panel>) => {
    const merged = { ...panel, ...next }
    setPanel(merged)
    try {
      localStorage.setItem(KEY, JSON.stringify(merged))
    } catch {
      // It lasts as long as the page.
    }
  }
  return { ...panel, change }
}
