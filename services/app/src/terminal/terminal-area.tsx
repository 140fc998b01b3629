import { SplitDivider } from '@pilot/chamber-ui/terminal/split-divider.tsx'
import { PaneHeader } from '@pilot/chamber-ui/terminal/tab-strip.tsx'
import type { KeyAction } from '@pilot/chamber-ui/terminal/terminal-keys.ts'
import type { TerminalId } from '@pilot/domain/entities/terminal'
import type { ConnectionState } from '@pilot/frontend/link/connection-state'
import {
  arrange,
  focusPane,
  type LayoutTab,
  type Rect,
  resizeSplit,
  type TerminalLayout,
  tabOf,
} from '@pilot/frontend/terminal/layout'
import type { Terminals } from '@pilot/frontend/terminal/terminals'
import { type RefObject, useState } from 'react'
import type { useTerminalSettings } from './device-settings.ts'
import { type PaneHandle, TerminalPane } from './terminal-pane.tsx'
import type { TerminalRow } from './terminal-rows.ts'
import { useDark } from './use-dark.ts'
import type { TerminalActions } from './use-terminal-actions.ts'

/** Tabs whose emulators stay, so that going back to them shows them at once. */
const KEPT_TABS = 5
const WHOLE: Rect = { x: 0, y: 0, width: 1, height: 1 }

interface TerminalAreaProps {
  rows: readonly TerminalRow[]
  layout: TerminalLayout
  terminals: Terminals
  connection: ConnectionState
  away: string | null
  settings: ReturnType<typeof useTerminalSettings>
  phone: boolean
  touch: boolean
  actions: TerminalActions
  panes: RefObject<Map<TerminalId, PaneHandle>>
  focused: TerminalId | null
  onChange: (layout: TerminalLayout) => void
  onAction: (action: KeyAction) => void
  onTakeOver: () => void
  onRetry: () => void
}

interface Place {
  row: TerminalRow
  rect: Rect
  visible: boolean
  split: boolean
}

/** The terminals of the tab in front, and behind it those that were looked at last. */
export function TerminalArea(props: TerminalAreaProps) {
  const { rows, layout, terminals, phone, touch, actions, panes, focused, onChange } = props
  const dark = useDark()
  const front = focused ? tabOf(layout, focused) : null
  const recent = useRecent(front?.id ?? null)
  const places = placesOf(rows, layout.tabs, recent, front, phone ? focused : null)
  const dividers = front && !phone ? arrange(front.root).dividers : []
  return (
    <div className="relative min-h-0 flex-1 overflow-hidden bg-terminal">
      {places.map(({ row, rect, visible, split }) => (
        <div
          key={row.id}
          className={visible ? 'absolute' : 'hidden'}
          style={{
            left: `${rect.x * 100}%`,
            top: `${rect.y * 100}%`,
            width: `${rect.width * 100}%`,
            height: `${rect.height * 100}%`,
          }}
        >
          <TerminalPane
            ref={(handle) => {
              if (handle) panes.current.set(row.id, handle)
              else panes.current.delete(row.id)
            }}
            terminal={terminals.open(row.id)}
            row={row}
            connection={props.connection}
            away={props.away}
            visible={visible}
            focused={row.id === focused}
            split={split}
            touch={touch}
            dark={dark}
            settings={props.settings}
            header={
              split ? (
                <PaneHeader
                  title={row.title}
                  running={row.running}
                  focused={row.id === focused}
                  onClose={() => actions.close(row)}
                />
              ) : null
            }
            busy={actions.busy}
            onAction={props.onAction}
            onFocus={() => onChange(focusPane(layout, row.id))}
            onReopen={() => actions.reopen(row)}
            onClose={() => actions.close(row)}
            onTakeOver={props.onTakeOver}
            onRetry={props.onRetry}
          />
        </div>
      ))}
      {dividers.map((divider) => (
        <SplitDivider
          key={divider.path.join('.')}
          direction={divider.direction}
          ratio={divider.ratio}
          area={divider.area}
          onRatio={(ratio) => {
            if (front) onChange(resizeSplit(layout, front.id, divider.path, ratio))
          }}
        />
      ))}
    </div>
  )
}

/** The tabs that were in front last, newest first. */
function useRecent(front: number | null): readonly number[] {
  const [recent, setRecent] = useState<readonly number[]>([])
  if (front !== null && recent[0] !== front) {
    const next = [front, ...recent.filter((id) => id !== front)].slice(0, KEPT_TABS)
    setRecent(next)
    return next
  }
  return recent
}

/** In the order of the list, so that no element moves when tabs do. */
function placesOf(
  rows: readonly TerminalRow[],
  tabs: readonly LayoutTab[],
  recent: readonly number[],
  front: LayoutTab | null,
  alone: TerminalId | null,
): Place[] {
  const at = new Map<TerminalId, Omit<Place, 'row'>>()
  for (const tab of tabs) {
    if (!recent.includes(tab.id)) continue
    const { panes } = arrange(tab.root)
    for (const { terminal_id, rect } of panes) {
      if (alone === null) at.set(terminal_id, { rect, visible: tab === front, split: panes.length > 1 })
      else if (terminal_id === alone || tab !== front) {
        at.set(terminal_id, { rect: WHOLE, visible: terminal_id === alone, split: false })
      }
    }
  }
  return rows.flatMap((row) => {
    const place = at.get(row.id)
    return place ? [{ row, ...place }] : []
  })
}
