import { describe, expect, it } from 'vitest'
import { type Action, can, hasRole, PERMISSIONS, ROLE_ORDER, roleChangeAction } from './roles.ts'

describe('roles', () => {
  it('are ordered', () => {
    expect(hasRole('owner', 'member')).toBe(true)
    expect(hasRole('admin', 'admin')).toBe(true)
    expect(hasRole('member', 'admin')).toBe(false)
  })

  it.each(Object.keys(PERMISSIONS) as Action[])('%s: allowed from its least role on', (action) => {
    const allowed = ROLE_ORDER.map((role) => can(role, action))
    expect(allowed).toEqual([...allowed].sort())
    expect(allowed.at(-1)).toBe(true)
  })

  it.each([
    ['member', 'workspace.create', true],
    ['member', 'machine.delete', false],
    ['member', 'runtime.enroll', false],
    ['admin', 'runtime.enroll', true],
    ['admin', 'organization.rename', true],
    ['admin', 'organization.delete', false],
    ['admin', 'member.change_owner', false],
    ['owner', 'organization.delete', true],
  ] as const)('%s, %s: %s', (role, action, allowed) => expect(can(role, action)).toBe(allowed))

  it('keeps owners out of the reach of admins', () => {
    expect(roleChangeAction('member', 'admin')).toBe('member.change_role_below_owner')
    expect(roleChangeAction('member', 'owner')).toBe('member.change_owner')
    expect(roleChangeAction('owner', 'member')).toBe('member.change_owner')
    expect(roleChangeAction('owner', null)).toBe('member.change_owner')
  })
})
