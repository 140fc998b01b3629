import { AppLink } from '@pilot/chamber-ui/shell/link.tsx'
import { SquareTerminal } from 'lucide-react'
import type { WorkspaceClient } from '../workspace/workspace-client.ts'
import { useTerminalList } from './use-terminal-list.ts'

interface TerminalsLinkProps {
  client: WorkspaceClient
  current: boolean
  /** It is known that the list stays on screen, so that counting is worth a request. */
  settled: boolean
}

/** The way from a workspace's list to its terminals, with how many of them run. */
export function TerminalsLink({ client, current, settled }: TerminalsLinkProps) {
  const { rows, away } = useTerminalList(client, settled)
  const running = rows?.filter(({ state }) => state === 'running').length ?? 0
  return (
    <AppLink
      href={`/${client.slug}/terminal`}
      aria-current={current ? 'page' : undefined}
      className="mx-2 mb-1 flex h-8.5 shrink-0 items-center gap-2.5 rounded-sm px-2 text-text-2 hover:bg-sunken hover:text-text aria-[current=page]:bg-surface aria-[current=page]:font-medium aria-[current=page]:text-text aria-[current=page]:ring-1 aria-[current=page]:ring-line touch:h-11"
    >
      <SquareTerminal aria-hidden="true" className="size-4.5 shrink-0 stroke-[1.6]" />
      <span className="flex-1">Terminals</span>
      {running > 0 && !away ? <span className="text-text-3 text-xs tabular-nums">{running} running</span> : null}
    </AppLink>
  )
}
