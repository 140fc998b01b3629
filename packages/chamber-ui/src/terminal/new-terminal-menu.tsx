import type { Launch, ProgramView, TmuxSessionView } from '@pilot/protocol/terminal/rest'
import { Bot, Download, PanelsTopLeft, SlidersHorizontal, SquareTerminal } from 'lucide-react'
import { type ReactElement, useEffect, useEffectEvent } from 'react'
import {
  DropdownMenu,
  DropdownMenuItem,
  DropdownMenuLabel,
  DropdownMenuSeparator,
} from '../primitives/dropdown-menu.tsx'
import { Spinner } from '../primitives/spinner.tsx'

export interface NewTerminalMenuProps {
  trigger: ReactElement
  /** Null while the machine has not answered. */
  programs: readonly ProgramView[] | null
  /** It is being asked for them; false when it did not answer. */
  asking: boolean
  tmux: readonly TmuxSessionView[] | null
  disabled: boolean
  /** The menu is there: what it lists may have changed. */
  onShown: () => void
  onOpen: (launch: Launch) => void
  onOptions: () => void
}

/** What a new terminal may run: a shell, an agent program, an installation, a tmux session. */
export function NewTerminalMenu(props: NewTerminalMenuProps) {
  const { trigger, programs, asking, tmux, disabled, onShown, onOpen, onOptions } = props
  // The first one is the user's own.
  const [login, ...shells] = programs?.filter(({ launch }) => launch.kind === 'shell') ?? []
  const agents = agentPrograms(programs)
  return (
    <DropdownMenu trigger={trigger} align="start">
      <DropdownMenuItem disabled={disabled} onSelect={() => onOpen({ kind: 'shell' })} shortcut="Ctrl ⇧ T">
        <Shown onShown={onShown} />
        <SquareTerminal aria-hidden="true" /> Shell {login ? <span className="text-text-3">{login.label}</span> : null}
      </DropdownMenuItem>
      {shells.map(({ launch, label }) => (
        <DropdownMenuItem key={label} disabled={disabled} onSelect={() => onOpen(launch)}>
          <SquareTerminal aria-hidden="true" /> {label}
        </DropdownMenuItem>
      ))}
      {programs ? null : (
        <DropdownMenuLabel>
          <span role="status" className="flex items-center gap-2">
            {asking ? <Spinner className="size-3" /> : null}
            {asking ? 'Looking for shells and agents…' : 'The machine did not list its shells and agents.'}
          </span>
        </DropdownMenuLabel>
      )}
      {agents.length > 0 ? <DropdownMenuSeparator /> : null}
      {agents.map((program) => (
        <AgentItem key={program.label} program={program} disabled={disabled} onOpen={onOpen} />
      ))}
      {tmux && tmux.length > 0 ? (
        <>
          <DropdownMenuSeparator />
          <DropdownMenuLabel>tmux sessions on the machine</DropdownMenuLabel>
          {tmux.map(({ name, windows, attached }) => (
            <DropdownMenuItem key={name} disabled={disabled} onSelect={() => onOpen({ kind: 'tmux', session: name })}>
              <PanelsTopLeft aria-hidden="true" /> <span className="min-w-0 flex-1 truncate">{name}</span>
              <span className="text-text-3 text-xs">
                {windows === 1 ? '1 window' : `${windows} windows`}
                {attached ? ', attached' : ''}
              </span>
            </DropdownMenuItem>
          ))}
        </>
      ) : null}
      <DropdownMenuSeparator />
      <DropdownMenuItem disabled={disabled} onSelect={onOptions}>
        <SlidersHorizontal aria-hidden="true" /> With options…
      </DropdownMenuItem>
    </DropdownMenu>
  )
}

/** The agent programs of a machine's list. */
export function agentPrograms(programs: readonly ProgramView[] | null): ProgramView[] {
  return programs?.filter(({ launch }) => launch.kind !== 'shell' && launch.kind !== 'tmux') ?? []
}

/** Stands in a menu that is only there while it is open. */
function Shown({ onShown }: { onShown: () => void }) {
  const tell = useEffectEvent(onShown)
  useEffect(() => tell(), [])
  return null
}

function AgentItem(props: { program: ProgramView; disabled: boolean; onOpen: (launch: Launch) => void }) {
  const { program, disabled, onOpen } = props
  const { launch, label, installed, version, install_command } = program
  if (installed) {
    return (
      <DropdownMenuItem disabled={disabled} onSelect={() => onOpen(launch)}>
        <Bot aria-hidden="true" /> {label}
        <Version version={version} />
      </DropdownMenuItem>
    )
  }
  const installable = install_command !== null && launch.kind !== 'shell' && launch.kind !== 'tmux'
  return (
    <DropdownMenuItem
      disabled={disabled || !installable}
      className="py-1.5 leading-tight"
      onSelect={() => {
        if (installable) onOpen(installOf(launch))
      }}
    >
      <Download aria-hidden="true" />
      <span className="grid min-w-0">
        <span>{installable ? `Install ${label}` : `${label} is not installed`}</span>
        {install_command ? <code className="truncate text-text-3 text-xs">{install_command}</code> : null}
      </span>
    </DropdownMenuItem>
  )
}

/** The visible installation of an agent program. */
export function installOf(launch: Exclude<Launch, { kind: 'shell' | 'tmux' }>): Launch {
  return launch.kind === 'install' ? launch : { kind: 'install', program: launch.kind }
}

function Version({ version }: { version: string | null }) {
  return version ? <span className="ml-auto pl-4 text-text-3 text-xs tabular-nums">{version}</span> : null
}
