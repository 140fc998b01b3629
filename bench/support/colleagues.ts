import { createHmac, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import { newId } from '@pilot/domain/ids'
import type { Client } from './pilot.ts'

type Row = Record<string, SQLInputValue>

/**
 * More members of the first organization, each signed in: one user may have so many tabs only. They are written into
 * the database beside the running control plane, as copies of the owner with names of their own.
 */
export function colleagues(home: string, client: Client, count: number): Client[] {
  const secret = (JSON.parse(readFileSync(join(home, 'gateway', 'keys.json'), 'utf8')) as { auth_secret: string })
    .auth_secret
  const [name = ''] = client.cookie.split('=')
  const db = new DatabaseSync(join(home, 'gateway', 'pilot.db'), { timeout: 5_000 })
  const copy = (table: string, where: Row, change: Row) => {
    const [column = 'id'] = Object.keys(where)
    const found = db.prepare(`select * from ${table} where ${column} = ? limit 1`).get(where[column] ?? null) as Row
    const row: Row = { ...found, ...change }
    const columns = Object.keys(row)
    const marks = columns.map(() => '?').join(', ')
    db.prepare(`insert into ${table} (${columns.join(', ')}) values (${marks})`).run(...Object.values(row))
  }
  try {
    const { user_id: owner } = db.prepare('select user_id from session limit 1').get() as { user_id: string }
    return Array.from({ length: count }, (_, index) => {
      const user_id = newId('user')
      const token = randomBytes(24).toString('base64url')
      copy('user', { id: owner }, { id: user_id, email: `colleague-${index}@example.com` })
      copy('organization_user_membership', { user_id: owner }, { id: newId('organization_user_membership'), user_id })
      copy('session', { user_id: owner }, { id: newId('session'), user_id, token })
      const signature = createHmac('sha256', secret).update(token).digest('base64')
      const cookie = `${name}=${encodeURIComponent(`${token}.${signature}`)}`
      return { ...client, cookie, headers: { ...client.headers, cookie } }
    })
  } finally {
    db.close()
  }
}
