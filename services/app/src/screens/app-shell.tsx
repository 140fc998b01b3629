import { OfflineBar } from '@pilot/chamber-ui/primitives/notice.tsx'
import { AppFrame } from '@pilot/chamber-ui/shell/app-frame.tsx'
import { LinkProvider } from '@pilot/chamber-ui/shell/link.tsx'
import { ShortcutsDialog } from '@pilot/chamber-ui/shell/shortcuts-dialog.tsx'
import { useShortcuts } from '@pilot/chamber-ui/shell/use-shortcuts.ts'
import { useMatchRoute, useRouter } from '@tanstack/react-router'
import { lazy, type ReactNode, Suspense, useState } from 'react'
import { gateway } from '../lib/gateway.ts'
import { useOrganizationLink } from '../lib/live.ts'
import { useMachineLink } from '../lib/machine-link.ts'
import { RouterLink } from '../lib/router-link.tsx'
import { useScope } from '../lib/scope.ts'
import { useAppFrame } from '../lib/use-app-frame.ts'
import { SHORTCUT_ROWS, useCommands } from '../lib/use-commands.ts'

const CommandPalette = lazy(() =>
  import('@pilot/chamber-ui/shell/command-palette.tsx').then((module) => ({ default: module.CommandPalette })),
)

/** A link that is down for this long is worth a line across the screen, in ms; shorter ones heal unnoticed. */
const OFFLINE_AFTER_MS = 4_000

/** The frame with its data, keyboard and palette, around the page. */
export function AppShell({ children }: { children: ReactNode }) {
  const router = useRouter()
  const matchRoute = useMatchRoute()
  const scope = useScope()
  const live = useOrganizationLink(scope.organization?.id)
  const machine = useMachineLink()
  const [palette, setPalette] = useState(false)
  const [shortcuts, setShortcuts] = useState(false)
  const data = useAppFrame(scope, {
    // On a workspace's pages only an answer of its machine counts as live.
    live: machine ?? live,
    onPalette: () => setPalette(true),
    onShortcuts: () => setShortcuts(true),
  })
  const commands = useCommands(scope, data)
  const run = (id: string) => () => commands.find((command) => command.id === id)?.run()
  useShortcuts({
    'mod+k': () => setPalette((open) => !open),
    'g w': run('go-workspaces'),
    'g m': run('go-machines'),
    'g s': run('org-settings'),
    'g t': run('terminals'),
    c: run('new-task'),
    '?': () => setShortcuts(true),
  })
  const inTerminal = Boolean(matchRoute({ to: '/$slug/terminal/$terminalId', fuzzy: true }))
  const composing =
    inTerminal ||
    Boolean(matchRoute({ to: '/$slug/s/$sessionId', fuzzy: true }) || matchRoute({ to: '/$slug/new', fuzzy: true }))
  const since = live.state === 'offline' ? live.since : null
  // A terminal says it itself, over its picture: a line above it would change its size.
  const away = !inTerminal && since !== null && Date.now() - since.getTime() > OFFLINE_AFTER_MS
  return (
    <LinkProvider component={RouterLink}>
      <AppFrame
        data={data}
        hidePhoneBar={composing}
        banner={
          away || scope.error?.code === 'NETWORK' ? (
            <OfflineBar onRetry={() => void router.invalidate().then(() => gateway.invalidate('user.session'))}>
              Not connected{since ? ` since ${since.toLocaleTimeString(undefined, { timeStyle: 'short' })}` : ''}. What
              you see may be old; nothing you wrote is lost.
            </OfflineBar>
          ) : null
        }
      >
        {children}
      </AppFrame>
      <ShortcutsDialog open={shortcuts} onOpenChange={setShortcuts} rows={SHORTCUT_ROWS} />
      {palette ? (
        <Suspense>
          <CommandPalette open onOpenChange={setPalette} actions={commands} />
        </Suspense>
      ) : null}
    </LinkProvider>
  )
}
