import type { Launch, ProgramView } from '@pilot/protocol/terminal/rest'
import { Bot, Download, SquareTerminal } from 'lucide-react'
import { Button } from '../primitives/button.tsx'
import { EmptyState, type ErrorFacts, ErrorState } from '../primitives/notice.tsx'
import { agentPrograms, installOf } from './new-terminal-menu.tsx'

interface TerminalEmptyProps {
  programs: readonly ProgramView[] | null
  /** Why none can be opened right now; null when one can. */
  blocked: string | null
  busy: boolean
  error: ErrorFacts | null
  onOpen: (launch: Launch) => void
}

/** No terminal yet. */
export function TerminalEmpty({ programs, blocked, busy, error, onOpen }: TerminalEmptyProps) {
  const agents = agentPrograms(programs)
  if (error?.code === 'CAPABILITY_UNSUPPORTED') {
    return (
      <EmptyState className="my-auto" icon={<SquareTerminal />} title="This machine has no terminals">
        Its Pilot is too old for them. Update it on the machine and come back.
      </EmptyState>
    )
  }
  return (
    <div className="my-auto grid">
      <EmptyState
        icon={<SquareTerminal />}
        title="No terminal yet"
        action={
          <Button
            variant="primary"
            size="lg"
            busy={busy}
            disabled={blocked !== null}
            onClick={() => onOpen({ kind: 'shell' })}
          >
            <SquareTerminal aria-hidden="true" /> New terminal
          </Button>
        }
      >
        {blocked ?? 'A terminal runs on the workspace’s machine and goes on when you close this page.'}
      </EmptyState>
      {error ? (
        <ErrorState className="mx-auto mb-4 w-full max-w-md" error={error} title="The terminal was not opened." />
      ) : null}
      {agents.length > 0 ? (
        <ul aria-label="Programs" className="mx-auto flex max-w-lg flex-wrap justify-center gap-2 px-6">
          {agents.map(({ launch, label, installed, install_command }) => (
            <li key={label}>
              {installed ? (
                <Button disabled={blocked !== null || busy} onClick={() => onOpen(launch)}>
                  <Bot aria-hidden="true" /> {label}
                </Button>
              ) : launch.kind !== 'shell' && launch.kind !== 'tmux' && install_command !== null ? (
                <Button
                  variant="quiet"
                  disabled={blocked !== null || busy}
                  title={install_command}
                  onClick={() => onOpen(installOf(launch))}
                >
                  <Download aria-hidden="true" /> Install {label}
                </Button>
              ) : null}
            </li>
          ))}
        </ul>
      ) : null}
    </div>
  )
}
