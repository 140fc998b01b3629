import type { TerminalId } from '@pilot/domain/entities/terminal'
import {
  addTab,
  focusedTerminal,
  focusPane,
  keepTerminals,
  readLayout,
  type TerminalLayout,
  tabOf,
  writeLayout,
} from '@pilot/frontend/terminal/layout'
import { useRouter } from '@tanstack/react-router'
import { useMemo, useState } from 'react'
import type { TerminalRow } from './terminal-rows.ts'

const KEY = 'pilot.terminals.'

function load(slug: string): TerminalLayout {
  try {
    return readLayout(localStorage.getItem(KEY + slug))
  } catch {
    return readLayout(null)
  }
}

function save(slug: string, layout: TerminalLayout): void {
  try {
    localStorage.setItem(KEY + slug, writeLayout(layout))
  } catch {
    // It lasts as long as the page.
  }
}

/** All terminals there are, each in a tab: those this device has not placed yet stand at the end. */
export function withEvery(layout: TerminalLayout, ids: readonly TerminalId[]): TerminalLayout {
  let all = keepTerminals(layout, (id) => ids.includes(id))
  for (const id of ids) {
    if (tabOf(all, id)) continue
    const added = addTab({ ...all, active: all.tabs.at(-1)?.id ?? null }, id)
    all = { ...added, active: all.active ?? added.active }
  }
  return all
}

/**
 * This device's tabs and splits of a workspace. The address says which terminal has the focus; a change of the layout
 * that moves the focus changes the address.
 */
export function useTerminalLayout(slug: string, rows: readonly TerminalRow[] | null, terminalId: TerminalId | null) {
  const router = useRouter()
  const [stored, setStored] = useState(() => load(slug))
  const layout = useMemo(() => {
    const all = rows
      ? withEvery(
          stored,
          rows.map(({ id }) => id),
        )
      : stored
    return terminalId ? focusPane(all, terminalId) : all
  }, [stored, rows, terminalId])
  /** `toList`: the list of terminals comes next, whatever has the focus. */
  const change = (next: TerminalLayout, toList = false) => {
    setStored(next)
    save(slug, next)
    const focus = toList ? null : focusedTerminal(next)
    if (focus === terminalId) return
    if (focus)
      void router.navigate({ to: '/$slug/terminal/$terminalId', params: { slug, terminalId: focus }, replace: true })
    else void router.navigate({ to: '/$slug/terminal', params: { slug }, replace: true })
  }
  return { layout, change }
}
