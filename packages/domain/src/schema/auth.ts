import { index, integer, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'
import type { Account } from '../entities/account.ts'
import type { PlatformRole } from '../entities/user.ts'
import { flag, idColumn, json, primaryId, time, timestamps } from './columns.ts'

export const user = sqliteTable('user', {
  id: primaryId('user'),
  name: text().notNull(),
  email: text().notNull().unique(),
  email_verified: flag().notNull().default(false),
  image: text(),
  role: text().$type<PlatformRole>().notNull().default('user'),
  banned: flag().notNull().default(false),
  ban_reason: text(),
  ban_expires: time(),
  ...timestamps(),
})

const ownerUser = () =>
  idColumn('user')
    .notNull()
    .references(() => user.id, { onDelete: 'cascade' })

export const account = sqliteTable(
  'account',
  {
    id: primaryId('account'),
    user_id: ownerUser(),
    provider_id: text().notNull(),
    account_id: text().notNull(),
    password: text(),
    access_token: text(),
    refresh_token: text(),
    id_token: text(),
    access_token_expires_at: time(),
    refresh_token_expires_at: time(),
    scope: text(),
    metadata: json<NonNullable<Account['metadata']>>(),
    ...timestamps(),
  },
  (t) => [uniqueIndex('account_provider_account').on(t.provider_id, t.account_id), index('account_user').on(t.user_id)],
)

export const session = sqliteTable(
  'session',
  {
    id: primaryId('session'),
    user_id: ownerUser(),
    token: text().notNull().unique(),
    expires_at: time().notNull(),
    ip: text(),
    user_agent: text(),
    impersonated_by: idColumn('user').references(() => user.id, { onDelete: 'cascade' }),
    ...timestamps(),
  },
  (t) => [
    index('session_user').on(t.user_id),
    index('session_impersonated_by').on(t.impersonated_by),
    index('session_expires').on(t.expires_at),
  ],
)

export const verification = sqliteTable(
  'verification',
  {
    id: primaryId('verification'),
    identifier: text().notNull(),
    value: text().notNull(),
    expires_at: time().notNull(),
    ...timestamps(),
  },
  (t) => [index('verification_identifier').on(t.identifier), index('verification_expires').on(t.expires_at)],
)

export const passkey = sqliteTable(
  'passkey',
  {
    id: primaryId('passkey'),
    user_id: ownerUser(),
    name: text(),
    credential_id: text().notNull().unique(),
    public_key: text().notNull(),
    counter: integer().notNull(),
    device_type: text().notNull(),
    transports: text(),
    aaguid: text(),
    backed_up: flag().notNull(),
    ...timestamps(),
  },
  (t) => [index('passkey_user').on(t.user_id)],
)

export const device_code = sqliteTable(
  'device_code',
  {
    id: primaryId('device_code'),
    device_code: text().notNull().unique(),
    user_code: text().notNull().unique(),
    user_id: idColumn('user').references(() => user.id, { onDelete: 'cascade' }),
    status: text().notNull(),
    expires_at: time().notNull(),
    last_polled_at: time(),
    polling_interval: integer(),
    client_id: text(),
    scope: text(),
    ...timestamps(),
  },
  (t) => [index('device_code_user').on(t.user_id), index('device_code_expires').on(t.expires_at)],
)
