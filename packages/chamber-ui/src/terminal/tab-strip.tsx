import { BellRing, Columns2, X } from 'lucide-react'
import { type DragEvent, type KeyboardEvent, type ReactNode, useEffect, useRef, useState } from 'react'
import { IconButton } from '../primitives/button.tsx'
import { cn } from '../primitives/cn.ts'
import { RenameField } from '../primitives/rename-field.tsx'
import { type StateKind, StateShape } from '../primitives/state.tsx'

export interface TerminalTab {
  id: number
  title: string
  /** What runs, when the title does not say it. */
  running: string
  state: StateKind
  stateWord: string
  /** Terminals in it, beside or above each other. */
  panes: number
  /** It rang while nobody looked. */
  bell: boolean
}

interface TabStripProps {
  tabs: readonly TerminalTab[]
  active: number | null
  /** The one whose name is being edited. */
  renaming: number | null
  onRenaming: (id: number | null) => void
  onSelect: (id: number) => void
  onClose: (id: number) => void
  onRename: (id: number, title: string) => void
  onMove: (id: number, index: number) => void
  /** The button that makes a new one, behind the tabs and always in sight. */
  children: ReactNode
}

const MAX_TITLE = 80
const NEAREST = { block: 'nearest', inline: 'nearest' } as const

/**
 * The terminals in sight as tabs. Arrow keys go along them, Enter chooses, with Alt the arrows move the tab, F2 or a
 * double click renames, Delete closes.
 */
export function TabStrip(props: TabStripProps) {
  const { tabs, active, renaming, onRenaming, onSelect, onClose, onRename, onMove, children } = props
  const list = useRef<HTMLDivElement>(null)
  const count = tabs.length
  useEffect(() => {
    if (count > 0) list.current?.querySelector(`[data-tab="${active}"]`)?.parentElement?.scrollIntoView(NEAREST)
  }, [active, count])
  const [drop, setDrop] = useState<number | null>(null)
  const onKeyDown = (event: KeyboardEvent<HTMLElement>, index: number) => {
    const tab = tabs[index]
    if (!tab) return
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0
    if (step !== 0 && event.altKey) onMove(tab.id, index + step)
    else if (step !== 0) {
      // Goes along only: a chosen tab takes the focus into its terminal.
      const next = tabs[(index + step + tabs.length) % tabs.length]
      list.current?.querySelector<HTMLElement>(`[data-tab="${next?.id}"]`)?.focus()
    } else if (event.key === 'F2') onRenaming(tab.id)
    else if (event.key === 'Delete') onClose(tab.id)
    else return
    event.preventDefault()
    event.stopPropagation()
  }
  const dragOver = (event: DragEvent, index: number) => {
    if (!event.dataTransfer.types.includes('application/x-terminal-tab')) return
    event.preventDefault()
    setDrop(index)
  }
  const dropAt = (event: DragEvent, index: number) => {
    event.preventDefault()
    setDrop(null)
    const id = Number(event.dataTransfer.getData('application/x-terminal-tab'))
    if (Number.isInteger(id)) onMove(id, index)
  }
  return (
    <div className="flex min-w-0 flex-1 items-stretch self-stretch">
      <div
        ref={list}
        role="tablist"
        aria-label="Terminals"
        className="flex min-w-0 items-stretch overflow-x-auto [scrollbar-width:none]"
      >
        {tabs.map((tab, index) => (
          // biome-ignore lint/a11y/noStaticElementInteractions: the place that a tab is dropped on; keys move it too
          <div
            key={tab.id}
            role="presentation"
            onDragOver={(event) => dragOver(event, index)}
            onDragLeave={() => setDrop(null)}
            onDrop={(event) => dropAt(event, index)}
            className={cn(
              'group/tab relative flex max-w-60 items-center border-b-2',
              tab.id === active ? 'min-w-48 border-text' : 'min-w-36 border-transparent hover:bg-sunken',
              drop === index && 'bg-accent-soft',
            )}
          >
            {renaming === tab.id ? (
              <TerminalNameField
                title={tab.title}
                onDone={(title) => {
                  onRenaming(null)
                  if (title !== null) onRename(tab.id, title)
                }}
              />
            ) : (
              <>
                <button
                  type="button"
                  role="tab"
                  data-tab={tab.id}
                  aria-selected={tab.id === active}
                  tabIndex={tab.id === active ? 0 : -1}
                  draggable
                  onDragStart={(event) => event.dataTransfer.setData('application/x-terminal-tab', String(tab.id))}
                  onClick={() => onSelect(tab.id)}
                  onAuxClick={(event) => {
                    if (event.button === 1) onClose(tab.id)
                  }}
                  onDoubleClick={() => onRenaming(tab.id)}
                  onKeyDown={(event) => onKeyDown(event, index)}
                  title={tab.running ? `${tab.title} · ${tab.running}` : tab.title}
                  className="flex h-full min-w-0 flex-1 items-center gap-2 pr-7.5 pl-3 text-left text-sm focus-visible:-outline-offset-2"
                >
                  {tab.bell ? (
                    <BellRing aria-hidden="true" className="size-3.5 shrink-0 text-wait" />
                  ) : (
                    <StateShape kind={tab.state} />
                  )}
                  <span className="sr-only">{tab.bell ? 'Rang' : tab.stateWord}: </span>
                  <span className="grid min-w-0 leading-tight">
                    <span className={cn('truncate', tab.id === active ? 'font-medium' : 'text-text-2')}>
                      {tab.title}
                    </span>
                    {tab.running ? <span className="truncate text-2xs text-text-3">{tab.running}</span> : null}
                  </span>
                  {tab.panes > 1 ? (
                    <span className="flex shrink-0 items-center text-text-3 text-xs">
                      <Columns2 aria-hidden="true" className="size-3.5" />
                      <span className="sr-only">, split, </span>
                      {tab.panes}
                    </span>
                  ) : null}
                </button>
                {/* For pointers; a keyboard has Delete, and everybody the menu. A list of tabs may hold tabs alone. */}
                <button
                  type="button"
                  tabIndex={-1}
                  aria-hidden="true"
                  title={`Close ${tab.title}`}
                  onClick={() => onClose(tab.id)}
                  className={cn(
                    'absolute right-1 grid size-6 place-items-center rounded-xs text-text-3 hover:bg-sunken hover:text-text focus-visible:opacity-100 group-hover/tab:opacity-100',
                    tab.id === active ? '' : 'opacity-0',
                  )}
                >
                  <X aria-hidden="true" className="size-3.5" />
                </button>
              </>
            )}
          </div>
        ))}
      </div>
      <div className="flex shrink-0 items-center px-1">{children}</div>
    </div>
  )
}

/** The name of a terminal as a field; null: nothing is to change. */
export function TerminalNameField({ title, onDone }: { title: string; onDone: (title: string | null) => void }) {
  return (
    <RenameField
      label="Name of the terminal"
      value={title}
      maxLength={MAX_TITLE}
      className="mx-2 h-8 w-full min-w-0 rounded-xs bg-sunken px-1.5 text-sm touch:h-11"
      onDone={onDone}
    />
  )
}

/** The small header of a terminal that shares its tab with another. */
export function PaneHeader(props: { title: string; running: string; focused: boolean; onClose: () => void }) {
  const { title, running, focused, onClose } = props
  return (
    <div
      className={cn(
        'flex h-8 shrink-0 items-center gap-2 border-line border-b bg-surface pr-0.5 pl-3 text-xs touch:h-11',
        focused ? 'text-text' : 'text-text-3',
      )}
    >
      <span className={cn('min-w-0 truncate', focused && 'font-medium')}>{title}</span>
      <span className="min-w-0 flex-1 truncate text-text-3">{running}</span>
      <IconButton label={`Close ${title}`} className="size-7!" onClick={onClose}>
        <X aria-hidden="true" className="size-3.5!" />
      </IconButton>
    </div>
  )
}
