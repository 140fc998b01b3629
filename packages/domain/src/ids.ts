import { TypeID, typeid } from 'typeid-js'
import { z } from 'zod'

/** TypeID prefix of every identified entity; the prefix is part of the id and never changes. */
export const ID_PREFIX = {
  user: 'usr',
  account: 'acc',
  session: 'ses',
  verification: 'ver',
  passkey: 'pk',
  device_code: 'dev',
  organization: 'org',
  organization_user_membership: 'member',
  invitation: 'inv',
  instance: 'inst',
  instance_account_permission: 'iap',
  machine: 'mach',
  runtime: 'rt',
  runtime_enrollment: 'enr',
  workspace: 'ws',
  workspace_assignment: 'asg',
  repo: 'repo',
  repo_clone: 'clone',
  agent_session: 'ags',
  worktree: 'wt',
  terminal: 'term',
  event: 'evt',
  secret: 'sec',
  setting: 'set',
  push_subscription: 'psub',
  api_token: 'tok',
  schedule: 'sch',
  webhook: 'wh',
  audit_log: 'aud',
  command: 'cmd',
  request: 'req',
} as const

export type IdKind = keyof typeof ID_PREFIX
/** A TypeID such as `ws_01h455vb4pex5vsknk084sn02q`: prefix, underscore, 26 characters of a UUIDv7. */
export type Id<K extends IdKind> = `${(typeof ID_PREFIX)[K]}_${string}`

/** Mints a fresh id of the given kind. Ids sort by creation time. */
export function newId<K extends IdKind>(kind: K): Id<K> {
  return typeid(ID_PREFIX[kind]).toString() as Id<K>
}

/** True when `value` is a well-formed id of that kind. */
export function isId<K extends IdKind>(kind: K, value: unknown): value is Id<K> {
  if (typeof value !== 'string' || value.length > 40) return false
  try {
    return TypeID.fromString(value).getType() === ID_PREFIX[kind]
  } catch {
    return false
  }
}

/** Schema of one kind of id, for every boundary that takes one. */
export function idSchema<K extends IdKind>(kind: K) {
  return z.custom<Id<K>>((value) => isId(kind, value), { message: `must be a ${ID_PREFIX[kind]}_ id` })
}
