import type { PaletteAction } from '@pilot/chamber-ui/shell/command-palette.tsx'
import type { ShellData } from '@pilot/chamber-ui/shell/model.ts'
import type { ShortcutRow } from '@pilot/chamber-ui/shell/shortcuts-dialog.tsx'
import { useRouter } from '@tanstack/react-router'
import {
  Building2,
  Cpu,
  FolderGit2,
  FolderPlus,
  LogOut,
  Moon,
  Plus,
  Server,
  Settings,
  SquareTerminal,
  Sun,
  User,
} from 'lucide-react'
import type { Scope } from './scope.ts'
import { instancePath } from './use-app-frame.ts'

export const SHORTCUT_ROWS: readonly ShortcutRow[] = [
  { keys: '⌘/Ctrl K', does: 'Find anything' },
  { keys: 'g w', does: 'Go to workspaces' },
  { keys: 'g m', does: 'Go to machines' },
  { keys: 'g s', does: 'Go to the settings of the organization' },
  { keys: 'g t', does: 'Go to the terminals of this workspace' },
  { keys: 'c', does: 'New task in this workspace' },
  { keys: 'j', does: 'Next session' },
  { keys: 'k', does: 'Previous session' },
  { keys: '↵', does: 'Allow once what waits for you' },
  { keys: '?', does: 'Show these shortcuts' },
]

/** Everything that the command palette offers at this place. */
export function useCommands(scope: Scope, shell: ShellData): PaletteAction[] {
  const router = useRouter()
  const go = (href: string) => () => void router.navigate({ to: href })
  const home = instancePath(scope)
  const actions: PaletteAction[] = shell.nav.map((item) => ({
    id: `go-${item.id}`,
    group: 'Go to',
    label: item.label,
    icon: item.icon,
    ...(item.shortcut ? { shortcut: item.shortcut } : {}),
    run: go(item.href),
  }))
  for (const workspace of scope.workspaces ?? []) {
    actions.push({
      id: `workspace-${workspace.id}`,
      group: 'Workspaces',
      label: workspace.name,
      icon: FolderGit2,
      keywords: [workspace.slug, workspace.root_path ?? ''],
      run: go(`/${workspace.slug}`),
    })
  }
  for (const group of shell.groups ?? []) {
    for (const instance of group.instances.filter((candidate) => !candidate.current)) {
      actions.push({
        id: `instance-${instance.id}`,
        group: 'Go to',
        label: `${group.name} / ${instance.name}`,
        icon: Building2,
        run: go(instance.href),
      })
    }
  }
  if (scope.workspace) {
    actions.push({
      id: 'new-task',
      group: 'Create',
      label: `New task in ${scope.workspace.name}`,
      icon: Plus,
      shortcut: 'c',
      run: go(`/${scope.workspace.slug}/new`),
    })
    actions.push({
      id: 'terminals',
      group: 'Go to',
      label: `Terminals of ${scope.workspace.name}`,
      icon: SquareTerminal,
      shortcut: 'g t',
      keywords: ['shell', 'console', 'command line'],
      run: go(`/${scope.workspace.slug}/terminal`),
    })
  }
  if (scope.instance) {
    actions.push(
      {
        id: 'add-directory',
        group: 'Create',
        label: 'Add a directory…',
        icon: FolderPlus,
        keywords: ['workspace', 'new', 'repository'],
        run: go(`${home}?dialog=directory`),
      },
      {
        id: 'add-machine',
        group: 'Create',
        label: 'Add a machine…',
        icon: Server,
        keywords: ['new', 'enroll', 'connect'],
        run: go(`${home}/machines?dialog=machine`),
      },
      {
        id: 'model',
        group: 'Settings',
        label: 'Connect a model…',
        icon: Cpu,
        keywords: ['key', 'openrouter', 'anthropic', 'openai'],
        run: go(`${home}?dialog=model`),
      },
    )
  }
  actions.push(
    {
      id: 'new-organization',
      group: 'Create',
      label: 'New organization…',
      icon: Building2,
      run: shell.onCreateOrganization,
    },
    { id: 'user-settings', group: 'Settings', label: 'Your settings', icon: User, run: go(shell.userHref) },
    ...shell.organizationNav.map((item) => ({
      id: `org-${item.id}`,
      group: 'Settings',
      label: `${shell.organizationName}: ${item.label.toLowerCase()}`,
      icon: Settings,
      run: go(item.href),
    })),
    { id: 'theme-light', group: 'Settings', label: 'Light theme', icon: Sun, run: () => shell.onTheme('light') },
    { id: 'theme-dark', group: 'Settings', label: 'Dark theme', icon: Moon, run: () => shell.onTheme('dark') },
    { id: 'sign-out', group: 'Settings', label: 'Sign out', icon: LogOut, run: shell.onSignOut },
  )
  return actions
}
