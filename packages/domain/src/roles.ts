import type { OrganizationRole } from './entities/organization-user-membership.ts'

/** Ascending: each role may do what the ones before it may. */
export const ROLE_ORDER = ['member', 'admin', 'owner'] as const satisfies readonly OrganizationRole[]

/** True when `role` is `least` or more. */
export function hasRole(role: OrganizationRole, least: OrganizationRole): boolean {
  return ROLE_ORDER.indexOf(role) >= ROLE_ORDER.indexOf(least)
}

/** The least role for everything that people do inside of an organization. Outsiders are answered 404, not 403. */
export const PERMISSIONS = {
  'organization.see': 'member',
  'instance.see': 'member',
  'machine.see': 'member',
  'workspace.see': 'member',
  'session.see': 'member',
  'terminal.see': 'member',
  'workspace.create': 'member',
  'workspace.archive': 'member',
  'session.create': 'member',
  'session.archive': 'member',
  'terminal.create': 'member',
  'terminal.archive': 'member',
  'worktree.create': 'member',
  'worktree.archive': 'member',
  'machine.create': 'member',
  'machine.archive': 'member',
  'machine.delete': 'admin',
  'workspace.reassign': 'admin',
  'runtime.enroll': 'admin',
  'connector.manage': 'admin',
  'secret.manage': 'admin',
  'process.kill': 'admin',
  'runtime.gc': 'admin',
  'clone.delete': 'admin',
  'organization.rename': 'admin',
  'member.invite': 'admin',
  'member.change_role_below_owner': 'admin',
  'member.change_owner': 'owner',
  'organization.delete': 'owner',
} as const satisfies Record<string, OrganizationRole>

export type Action = keyof typeof PERMISSIONS

/** May a member with this role do that? A platform admin acts only as somebody (impersonation), with that role. */
export function can(role: OrganizationRole, action: Action): boolean {
  return hasRole(role, PERMISSIONS[action])
}

/**
 * The action that a change of a membership needs. Making or removing an owner is for owners; that one owner always
 * remains is for the caller to check.
 */
export function roleChangeAction(from: OrganizationRole, to: OrganizationRole | null): Action {
  return from === 'owner' || to === 'owner' ? 'member.change_owner' : 'member.change_role_below_owner'
}

/** What only a platform admin may do: always audited, an impersonation for an hour at most, never of another one. */
export const PLATFORM_ACTIONS = ['impersonate', 'list_procedures', 'call_procedure', 'session_info'] as const
export const IMPERSONATION_MS = 3_600_000
