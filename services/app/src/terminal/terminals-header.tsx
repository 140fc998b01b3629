import { IconButton } from '@pilot/chamber-ui/primitives/button.tsx'
import { BackLink } from '@pilot/chamber-ui/shell/back-link.tsx'
import { NewTerminalMenu } from '@pilot/chamber-ui/terminal/new-terminal-menu.tsx'
import { TabStrip, TerminalNameField, type TerminalTab } from '@pilot/chamber-ui/terminal/tab-strip.tsx'
import type { KeyAction } from '@pilot/chamber-ui/terminal/terminal-keys.ts'
import {
  activateTab,
  moveTab,
  panesOf,
  type SplitDirection,
  type TerminalLayout,
} from '@pilot/frontend/terminal/layout'
import type { TerminalClient } from '@pilot/frontend/terminal/port'
import type { Launch, ProgramView, TmuxSessionView } from '@pilot/protocol/terminal/rest'
import { Columns2, PanelLeft, Plus, Search } from 'lucide-react'
import { useState } from 'react'
import type { useTerminalSettings } from './device-settings.ts'
import { TerminalLinkState } from './terminal-link-state.tsx'
import { TerminalMenu } from './terminal-menu.tsx'
import type { TerminalRow } from './terminal-rows.ts'
import type { TerminalsPaneProps } from './terminals-pane.tsx'
import type { TerminalActions } from './use-terminal-actions.ts'

interface TerminalsHeaderProps extends TerminalsPaneProps {
  phone: boolean
  rows: readonly TerminalRow[] | null
  /** The one with the focus. */
  row: TerminalRow | null
  layout: TerminalLayout
  rung: ReadonlySet<string>
  actions: TerminalActions
  settings: ReturnType<typeof useTerminalSettings>
  attached: TerminalClient | null
  programs: readonly ProgramView[] | null
  /** The machine is being asked for them. */
  asking: boolean
  tmux: readonly TmuxSessionView[] | null
  /** Nothing can be opened right now. */
  blocked: boolean
  onChange: (layout: TerminalLayout) => void
  /** A tab was chosen by hand: typing goes into it. */
  onFocusTab: (id: number) => void
  /** The menu of what can be opened is there. */
  onNewMenu: () => void
  onOpen: (launch: Launch) => void
  onOptions: () => void
  onSplit: (direction: SplitDirection) => void
  onNewHere: () => void
  onAct: (action: KeyAction | 'select-text') => void
  onMode: (mode: 'shared' | 'exclusive') => void
  onHelp: () => void
}

/** Which terminals there are, how live the one in front is, and what can be done with it. */
export function TerminalsHeader(props: TerminalsHeaderProps) {
  const { client, phone, rows, row, layout, actions, settings, attached, workspace, connection, terminalId } = props
  const [renaming, setRenaming] = useState<number | null>(null)
  const newMenu = (
    <NewTerminalMenu
      programs={props.programs}
      asking={props.asking}
      tmux={props.tmux}
      disabled={props.blocked || actions.busy}
      onShown={props.onNewMenu}
      onOpen={props.onOpen}
      onOptions={props.onOptions}
      trigger={
        <IconButton label="New terminal" shortcut="Ctrl ⇧ T">
          <Plus aria-hidden="true" />
        </IconButton>
      }
    />
  )
  const menu = row ? (
    <TerminalMenu
      row={row}
      actions={actions}
      settings={settings}
      phone={phone}
      onFind={() => props.onAct('find')}
      onSelectText={() => props.onAct('select-text')}
      onSplit={props.onSplit}
      onNewHere={props.onNewHere}
      onRename={() => setRenaming(layout.active)}
      onMode={props.onMode}
      onHelp={props.onHelp}
    />
  ) : null
  if (phone) {
    const back = terminalId === null ? `/${client.slug}` : `/${client.slug}/terminal`
    const place = [workspace?.name ?? client.slug, workspace?.machine?.name].filter(Boolean).join(' · ')
    return (
      <header className="flex min-h-14 shrink-0 items-center gap-0.5 border-line border-b bg-surface pr-1.5 pl-0.5">
        <BackLink href={back} label={terminalId === null ? 'Back to the sessions' : 'Back to the terminals'} />
        {renaming !== null && row ? (
          <TerminalNameField
            title={row.view.title || row.title}
            onDone={(title) => {
              setRenaming(null)
              if (title !== null) actions.rename(row, title)
            }}
          />
        ) : (
          <div className="min-w-0 flex-1 leading-tight">
            <h1 className="truncate font-semibold">{terminalId === null ? 'Terminals' : (row?.title ?? 'Terminal')}</h1>
            <p className="truncate text-text-3 text-xs">{row?.running ? `${row.running} · ${place}` : place}</p>
          </div>
        )}
        <TerminalLinkState connection={connection} terminal={attached} compact />
        {terminalId === null ? newMenu : menu}
      </header>
    )
  }
  return (
    <header className="flex h-14 shrink-0 items-center gap-1 border-line border-b bg-surface pr-3 pl-1.5">
      <h1 className="sr-only">Terminals of {workspace?.name ?? client.slug}</h1>
      <IconButton
        label={props.listShown ? 'Hide the sessions' : 'Show the sessions'}
        aria-pressed={props.listShown}
        className="max-lg:hidden"
        onClick={props.onToggleList}
      >
        <PanelLeft aria-hidden="true" />
      </IconButton>
      <BackLink href={`/${client.slug}`} label="Back to the sessions" className="lg:hidden" />
      <TabStrip
        tabs={tabsOf(layout, rows ?? [], props.rung)}
        active={layout.active}
        renaming={renaming}
        onRenaming={setRenaming}
        onSelect={(id) => {
          props.onChange(activateTab(layout, id))
          props.onFocusTab(id)
        }}
        onClose={(id) => withFocused(layout, rows, id, actions.close)}
        onRename={(id, title) => withFocused(layout, rows, id, (of) => actions.rename(of, title))}
        onMove={(id, index) => props.onChange(moveTab(layout, id, index))}
      >
        {newMenu}
      </TabStrip>
      <TerminalLinkState connection={connection} terminal={attached} />
      {row ? (
        <>
          <IconButton label="Find in the output" shortcut="Ctrl F" onClick={() => props.onAct('find')}>
            <Search aria-hidden="true" />
          </IconButton>
          <IconButton
            label="Split to the right"
            shortcut="Ctrl ⇧ D"
            disabled={props.blocked || actions.busy}
            onClick={() => props.onSplit('right')}
          >
            <Columns2 aria-hidden="true" />
          </IconButton>
          {menu}
        </>
      ) : null}
    </header>
  )
}

function withFocused(
  layout: TerminalLayout,
  rows: readonly TerminalRow[] | null,
  tabId: number,
  action: (row: TerminalRow) => void,
): void {
  const tab = layout.tabs.find(({ id }) => id === tabId)
  const row = rows?.find(({ id }) => id === tab?.focused)
  if (row) action(row)
}

function tabsOf(layout: TerminalLayout, rows: readonly TerminalRow[], rung: ReadonlySet<string>): TerminalTab[] {
  return layout.tabs.flatMap((tab) => {
    const panes = panesOf(tab.root)
    const row = rows.find(({ id }) => id === tab.focused)
    if (!row) return []
    const bell = panes.some((id) => rung.has(id))
    const { title, running, kind, word } = row
    return [{ id: tab.id, title, running, state: kind, stateWord: word, panes: panes.length, bell }]
  })
}
