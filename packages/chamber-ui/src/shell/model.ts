import type { LucideIcon } from 'lucide-react'
import type { StateKind } from '../primitives/state.tsx'

/** One destination of the app. */
export interface NavItem {
  id: string
  label: string
  icon: LucideIcon
  href: string
  active: boolean
  shortcut?: string
}

/** One organization with the instances that the user may enter. */
export interface SwitchGroup {
  id: string
  name: string
  instances: readonly { id: string; name: string; href: string; current: boolean }[]
  /** Page of the organization, which leads on to an instance. */
  href: string
}

/** A workspace in the sidebar: its name and what its sessions need most. */
export interface SidebarWorkspace {
  id: string
  name: string
  href: string
  active: boolean
  state: { kind: StateKind; word: string } | null
}

export interface LinkFacts {
  state: 'live' | 'connecting' | 'offline'
  /** Round trip in ms; null before the first answer. */
  latency_ms: number | null
  /** When the link was lost. */
  since: Date | null
  /** It is the machine that is meant, and not the server. */
  machine?: boolean
}

export interface ShellUser {
  name: string
  email: string
}

export type ThemeChoice = 'system' | 'light' | 'dark'

/** What the frame of every page shows. Lists are null while they are fetched. */
export interface ShellData {
  groups: readonly SwitchGroup[] | null
  organizationName: string | null
  instanceName: string | null
  /** Where "home" leads. */
  homeHref: string
  nav: readonly NavItem[]
  workspaces: readonly SidebarWorkspace[] | null
  /** Where a directory is added; null without an instance. */
  addWorkspaceHref: string | null
  organizationNav: readonly NavItem[]
  link: LinkFacts
  user: ShellUser | null
  userHref: string
  theme: ThemeChoice
  onTheme: (theme: ThemeChoice) => void
  onSignOut: () => void
  onCreateOrganization: () => void
  onPalette: () => void
  onShortcuts: () => void
}
