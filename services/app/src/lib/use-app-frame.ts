import { workspaceState } from '@pilot/chamber-ui/management/states.ts'
import { toast } from '@pilot/chamber-ui/primitives/toaster.tsx'
import type { LinkFacts, NavItem, ShellData } from '@pilot/chamber-ui/shell/model.ts'
import { useLocation, useRouter } from '@tanstack/react-router'
import { Folder, Server, Settings } from 'lucide-react'
import { auth, base } from './gateway.ts'
import type { Scope } from './scope.ts'
import { setTheme, useTheme } from './theme.ts'

/** Path of an instance's page, or of what comes before there is one. */
export function instancePath(scope: Pick<Scope, 'organization' | 'instance'>): string {
  if (!scope.organization) return '/'
  return scope.instance ? `/${scope.organization.slug}/${scope.instance.slug}` : `/${scope.organization.slug}`
}

/** Ends the session and starts the page anew, so that nothing of the user stays in its memory. */
export async function signOut(): Promise<void> {
  try {
    await auth.signOut()
  } catch {
    toast.error('Signing out did not work.', { description: 'Check the connection and try again.' })
    return
  }
  window.location.assign(`${base}login`)
}

interface FrameOptions {
  live: LinkFacts
  onPalette: () => void
  onShortcuts: () => void
}

/** What the frame around every signed-in page shows and does. */
export function useAppFrame(scope: Scope, options: FrameOptions): ShellData {
  const router = useRouter()
  const theme = useTheme()
  const path = useLocation({ select: (location) => location.pathname.replace(/\/$/, '') })
  const home = instancePath(scope)
  const nav: NavItem[] = [
    { id: 'workspaces', label: 'Workspaces', icon: Folder, href: home, active: path === home, shortcut: 'g w' },
    {
      id: 'machines',
      label: 'Machines',
      icon: Server,
      href: scope.instance ? `${home}/machines` : home,
      active: scope.instance !== null && path === `${home}/machines`,
      shortcut: 'g m',
    },
  ]
  const settings = scope.organization ? `/${scope.organization.slug}/settings` : null
  return {
    groups: scope.organizations
      ? scope.organizations.map((organization) => ({
          id: organization.id,
          name: organization.name,
          href: `/${organization.slug}`,
          instances: (scope.instances.get(organization.slug) ?? []).map((instance) => ({
            id: instance.id,
            name: instance.name,
            href: `/${organization.slug}/${instance.slug}`,
            current: instance.id === scope.instance?.id,
          })),
        }))
      : null,
    organizationName: scope.organization?.name ?? null,
    instanceName: scope.instance?.name ?? null,
    homeHref: home,
    nav,
    workspaces: scope.workspaces
      ? scope.workspaces
          .filter((workspace) => workspace.status !== 'archived')
          .map((workspace) => ({
            id: workspace.id,
            name: workspace.name,
            href: `/${workspace.slug}`,
            active: workspace.slug === scope.workspace?.slug,
            state: workspaceState(workspace),
          }))
      : scope.organizations && !scope.instance
        ? []
        : null,
    addWorkspaceHref: scope.instance ? `${home}?dialog=directory` : null,
    organizationNav: settings
      ? [{ id: 'settings', label: 'Settings', icon: Settings, href: settings, active: path === settings }]
      : [],
    link: options.live,
    user: scope.user,
    userHref: '/user/settings',
    theme,
    onTheme: setTheme,
    onSignOut: () => void signOut(),
    onCreateOrganization: () => void router.navigate({ to: '/new-organization' }),
    onPalette: options.onPalette,
    onShortcuts: options.onShortcuts,
  }
}
