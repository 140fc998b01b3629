import '@pilot/chamber-ui/styles/terminal.css'
import { Button } from '@pilot/chamber-ui/primitives/button.tsx'
import { EmptyState, ErrorState } from '@pilot/chamber-ui/primitives/notice.tsx'
import { useMedia } from '@pilot/chamber-ui/primitives/use-media.ts'
import { NewTerminalDialog } from '@pilot/chamber-ui/terminal/new-terminal-form.tsx'
import { TerminalEmpty } from '@pilot/chamber-ui/terminal/terminal-empty.tsx'
import { TerminalHelp } from '@pilot/chamber-ui/terminal/terminal-help.tsx'
import { type KeyAction, keyAction } from '@pilot/chamber-ui/terminal/terminal-keys.ts'
import type { TerminalId } from '@pilot/domain/entities/terminal'
import {
  activeTab,
  addTab,
  closePane,
  focusedTerminal,
  panesOf,
  type SplitDirection,
  splitPane,
  stepPane,
  stepTab,
  tabOf,
} from '@pilot/frontend/terminal/layout'
import type { Launch } from '@pilot/protocol/terminal/rest'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { Navigate } from '@tanstack/react-router'
import { type KeyboardEvent, useEffect, useEffectEvent, useRef, useState } from 'react'
import { useDocumentTitle } from '../lib/document-title.ts'
import { PHONE } from '../workspace/breakpoints.ts'
import { isAway, useAwayText } from '../workspace/machine-facts.tsx'
import type { WorkspacePlace } from '../workspace/place.ts'
import { CloseDialog } from './close-dialog.tsx'
import { useTerminalSettings } from './device-settings.ts'
import { placeLike, type TerminalWish } from './open-terminal.ts'
import { MAC } from './platform.ts'
import { terminalApi } from './terminal-apis.ts'
import { TerminalArea } from './terminal-area.tsx'
import { TerminalCards } from './terminal-cards.tsx'
import type { PaneHandle } from './terminal-pane.tsx'
import { TerminalsHeader } from './terminals-header.tsx'
import { terminalsOf } from './terminals-of.ts'
import { useBells } from './use-bells.ts'
import { useKeyboardInset } from './use-keyboard-inset.ts'
import { useTerminalActions } from './use-terminal-actions.ts'
import { useTerminalLayout } from './use-terminal-layout.ts'
import { useTerminalList } from './use-terminal-list.ts'

export interface TerminalsPaneProps extends WorkspacePlace {
  /** From the address; null: the list, or the terminal that had the focus last. */
  terminalId: TerminalId | null
  /** The list of sessions is beside it, on a wide screen. */
  listShown: boolean
  onToggleList: () => void
}

/** The menu of what can be opened asks the machine anew after this long, in ms. */
const LISTS_MS = 5_000
/** A closed dialog has given the focus back by then. */
const AFTER_DIALOG_MS = 30

/** The terminals of a workspace: tabs and splits on a desktop, one at a time on a phone. */
export function TerminalsPane(props: TerminalsPaneProps) {
  const { userId, client, terminalId, workspace, connection } = props
  const { slug } = client
  const phone = useMedia(PHONE)
  const touch = useMedia('(pointer: coarse)')
  const inset = useKeyboardInset()
  const settings = useTerminalSettings(touch)
  const { rows, error, refetch } = useTerminalList(client)
  const { layout, change } = useTerminalLayout(slug, rows, terminalId)
  const actions = useTerminalActions(slug, (id) => {
    // A phone came from the list; only the other half of a split is as near.
    const tab = tabOf(layout, id)
    const halves = tab !== null && panesOf(tab.root).length > 1
    change(closePane(layout, id), phone && !halves)
  })
  const [terminals] = useState(() => terminalsOf(client, userId))
  const [options, setOptions] = useState(false)
  const [help, setHelp] = useState(false)
  const panes = useRef(new Map<TerminalId, PaneHandle>())
  const machine = workspace?.machine?.name ?? 'The machine'
  const away = useAwayText(connection, machine)
  const live = connection.status === 'live'
  const asking = { enabled: live, staleTime: 60_000, retry: false }
  const apis = terminalApi(slug)
  const installed =
    rows?.filter(({ view, state }) => view.command_kind === 'install' && state !== 'running').length ?? 0
  const programs = useQuery({
    ...asking,
    // Each installation that has ended may have brought a program.
    queryKey: ['runtime', slug, 'terminal-programs', installed],
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => apis.programs({ signal }),
  })
  const tmux = useQuery({
    ...asking,
    queryKey: ['runtime', slug, 'terminal-tmux'],
    queryFn: ({ signal }) => apis.tmux({ signal }),
  })

  const tab = activeTab(layout)
  const focused = phone ? terminalId : focusedTerminal(layout)
  const missing = terminalId !== null && rows !== null && !rows.some(({ id }) => id === terminalId)
  const row = missing ? null : (rows?.find(({ id }) => id === focused) ?? null)
  const inSight = phone ? (focused ? [focused] : []) : tab ? panesOf(tab.root) : []
  const rung = useBells(client, {
    inSight,
    titleOf: (id) => rows?.find((one) => one.id === id)?.title ?? 'Terminal',
    onOpen: (id) => change(addTab(layout, id)),
  })
  const title = row ? [row.title, row.running].filter(Boolean).join(' – ') : 'Terminals'
  useDocumentTitle(rung.size > 0 ? `• ${title}` : title, workspace?.name ?? slug)

  /** The dialog and the empty page say themselves why nothing was opened. */
  const errorShown = options || rows?.length === 0
  const open = async (wish: TerminalWish = {}) => {
    const id = await actions.open(wish, errorShown)
    if (id) change(addTab(layout, id))
    return id
  }
  const here = async (): Promise<TerminalWish> => (row ? await placeLike(slug, row.view) : {})
  const split = async (direction: SplitDirection) => {
    const id = await actions.open(await here(), errorShown)
    if (id) change(focused ? splitPane(layout, focused, id, direction) : addTab(layout, id))
  }
  const onAction = (action: KeyAction) => {
    if (action === 'new') void open()
    else if (action === 'close' && row) actions.close(row)
    else if (action === 'next-tab') change(stepTab(layout, 1))
    else if (action === 'previous-tab') change(stepTab(layout, -1))
    else if (action === 'next-pane') change(stepPane(layout, 1))
    else if (action === 'previous-pane') change(stepPane(layout, -1))
    else if (action === 'split-right') void split('right')
    else if (action === 'split-down') void split('down')
    else if (action === 'larger') settings.setFontSize(settings.fontSize + 1)
    else if (action === 'smaller') settings.setFontSize(settings.fontSize - 1)
    else if (action === 'usual-size') settings.usualFontSize()
  }
  // Keys pressed on the tabs and buttons around the terminals; in a terminal they were handled already.
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.defaultPrevented || (event.target instanceof Element && event.target.closest('input, [role=dialog]')))
      return
    const action = keyAction(event, { mac: MAC, selection: false, fullScreen: false, split: inSight.length > 1 })
    if (action === null || action === 'copy' || action === 'paste' || action.startsWith('page-')) return
    event.preventDefault()
    if (action === 'find') act('find')
    else onAction(action)
  }
  const act = (action: KeyAction | 'select-text') => {
    if (focused) panes.current.get(focused)?.act(action)
  }
  const onMode = (mode: 'shared' | 'exclusive', takeOver: boolean) => {
    if (!focused) return
    terminals.open(focused).setMode(mode, takeOver).catch(actions.failed('Who may type was not changed.'))
  }
  const dialog = options || help || actions.closing !== null
  const wasDialog = useRef(dialog)
  // Typing goes on in the terminal, and not on the button whose menu opened the dialog.
  const refocus = useEffectEvent(() => {
    if (!touch && focused) panes.current.get(focused)?.focus()
  })
  useEffect(() => {
    const closed = wasDialog.current && !dialog
    wasDialog.current = dialog
    if (!closed) return
    const timer = setTimeout(() => refocus(), AFTER_DIALOG_MS)
    return () => clearTimeout(timer)
  }, [dialog])
  const openNew = (launch: Launch) => void open({ launch })

  const blocked = isAway(connection) ? `${away ?? ''} Terminals there go on; a new one has to wait.`.trim() : null
  const first = focusedTerminal(layout)
  if (terminalId === null && !phone && rows && first) {
    return <Navigate to="/$slug/terminal/$terminalId" params={{ slug, terminalId: first }} replace />
  }
  const header = (
    <TerminalsHeader
      {...props}
      phone={phone}
      rows={rows}
      row={row}
      layout={layout}
      rung={rung}
      actions={actions}
      settings={settings}
      attached={row ? terminals.open(row.id) : null}
      programs={programs.data ?? null}
      asking={programs.isFetching}
      tmux={tmux.data ?? null}
      blocked={blocked !== null}
      onChange={change}
      onFocusTab={(id) => {
        const chosen = layout.tabs.find((one) => one.id === id)
        if (chosen) panes.current.get(chosen.focused)?.focus()
      }}
      onNewMenu={() => {
        for (const list of [programs, tmux]) if (Date.now() - list.dataUpdatedAt > LISTS_MS) void list.refetch()
      }}
      onOpen={openNew}
      onOptions={() => setOptions(true)}
      onSplit={(direction) => void split(direction)}
      onNewHere={() => void here().then(open)}
      onAct={act}
      onMode={(mode) => onMode(mode, false)}
      onHelp={() => setHelp(true)}
    />
  )
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: keys for the whole page; every control has its own
    <div
      className="flex min-h-0 min-w-0 flex-1 flex-col"
      style={inset > 0 ? { paddingBottom: inset } : undefined}
      onKeyDown={onKeyDown}
    >
      {header}
      {rows === null && error?.code === 'CAPABILITY_UNSUPPORTED' ? (
        <TerminalEmpty programs={null} blocked={null} busy={false} error={error} onOpen={openNew} />
      ) : rows === null && error ? (
        <div className="p-4">
          <ErrorState
            error={error}
            title="The terminals could not be loaded."
            kept="They go on on their machine."
            onRetry={() => void refetch()}
          />
        </div>
      ) : rows === null ? (
        <div role="status" className="min-h-0 flex-1 bg-terminal">
          <span className="sr-only">Loading the terminals</span>
        </div>
      ) : rows.length === 0 ? (
        <TerminalEmpty
          programs={programs.data ?? null}
          blocked={blocked}
          busy={actions.busy}
          error={actions.error}
          onOpen={openNew}
        />
      ) : missing ? (
        <EmptyState
          className="my-auto"
          title="This terminal was closed"
          action={<Button onClick={() => change(layout, phone)}>Show the other terminals</Button>}
        >
          Its program has ended and its output is gone. Another one can be opened any time.
        </EmptyState>
      ) : phone && terminalId === null ? (
        <TerminalCards slug={slug} rows={rows} rung={rung} stale={isAway(connection)} />
      ) : (
        <TerminalArea
          {...{ rows, layout, terminals, connection, away, settings, phone, touch, actions, panes, focused }}
          onChange={change}
          onAction={onAction}
          onTakeOver={() => onMode('exclusive', true)}
          onRetry={client.link.wake}
        />
      )}
      <CloseDialog actions={actions} />
      <TerminalHelp open={help} onOpenChange={setHelp} mac={MAC} />
      <NewTerminalDialog
        open={options}
        onOpenChange={setOptions}
        programs={programs.data ?? null}
        busy={actions.busy}
        error={actions.error}
        onCreate={(choice) => {
          void open(choice).then((id) => {
            if (id) setOptions(false)
          })
        }}
      />
    </div>
  )
}
