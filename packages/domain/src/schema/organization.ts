import { index, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'
import type { InstanceLimits } from '../entities/instance.ts'
import type { OrganizationRole } from '../entities/organization-user-membership.ts'
import type { SlugKind } from '../entities/slug-alias.ts'
import { account, user } from './auth.ts'
import { flag, idColumn, json, primaryId, time, timestamps } from './columns.ts'

export const organization = sqliteTable('organization', {
  id: primaryId('organization'),
  name: text().notNull(),
  slug: text().notNull().unique(),
  ...timestamps(),
})

export const organization_user_membership = sqliteTable(
  'organization_user_membership',
  {
    id: primaryId('organization_user_membership'),
    organization_id: idColumn('organization')
      .notNull()
      .references(() => organization.id, { onDelete: 'cascade' }),
    user_id: idColumn('user')
      .notNull()
      .references(() => user.id, { onDelete: 'cascade' }),
    role: text().$type<OrganizationRole>().notNull(),
    ...timestamps(),
  },
  (t) => [
    uniqueIndex('membership_organization_user').on(t.organization_id, t.user_id),
    index('membership_user').on(t.user_id),
  ],
)

export const invitation = sqliteTable(
  'invitation',
  {
    id: primaryId('invitation'),
    organization_id: idColumn('organization')
      .notNull()
      .references(() => organization.id, { onDelete: 'cascade' }),
    email: text().notNull(),
    role: text().$type<OrganizationRole>().notNull(),
    token_hash: text().notNull().unique(),
    expires_at: time().notNull(),
    accepted_at: time(),
    invited_by: idColumn('user').references(() => user.id, { onDelete: 'set null' }),
    ...timestamps(),
  },
  (t) => [
    index('invitation_organization').on(t.organization_id, t.created_at),
    index('invitation_email').on(t.email),
    index('invitation_invited_by').on(t.invited_by),
  ],
)

export const instance = sqliteTable(
  'instance',
  {
    id: primaryId('instance'),
    organization_id: idColumn('organization')
      .notNull()
      .references(() => organization.id, { onDelete: 'cascade' }),
    name: text().notNull(),
    slug: text().notNull(),
    limits: json<InstanceLimits>()
      .notNull()
      .$defaultFn(() => ({})),
    flags: json<Record<string, boolean>>()
      .notNull()
      .$defaultFn(() => ({})),
    ...timestamps(),
  },
  (t) => [uniqueIndex('instance_organization_slug').on(t.organization_id, t.slug)],
)

export const instance_account_permission = sqliteTable(
  'instance_account_permission',
  {
    id: primaryId('instance_account_permission'),
    instance_id: idColumn('instance')
      .notNull()
      .references(() => instance.id, { onDelete: 'cascade' }),
    account_id: idColumn('account')
      .notNull()
      .references(() => account.id, { onDelete: 'cascade' }),
    granted_by: idColumn('user').references(() => user.id, { onDelete: 'set null' }),
    ...timestamps(),
  },
  (t) => [
    uniqueIndex('instance_account_permission_pair').on(t.instance_id, t.account_id),
    index('instance_account_permission_account').on(t.account_id),
    index('instance_account_permission_granted_by').on(t.granted_by),
  ],
)

/** The root namespace. `target_id` names an organization or a workspace by `kind`, so it has no foreign key. */
export const slug_alias = sqliteTable(
  'slug_alias',
  {
    slug: text().primaryKey(),
    kind: text().$type<SlugKind>().notNull(),
    target_id: text().notNull(),
    current: flag().notNull().default(true),
    released_at: time(),
    ...timestamps(),
  },
  (t) => [index('slug_alias_target').on(t.target_id)],
)
