import { eq, getTableColumns, getTableName, sql } from 'drizzle-orm'
import { getTableConfig } from 'drizzle-orm/sqlite-core'
import { describe, expect, it } from 'vitest'
import { toPilotError } from '../errors.ts'
import { newId } from '../ids.ts'
import * as schema from '../schema/index.ts'
import { openNodeSqlite } from '../sqlite/node-sqlite.ts'
import { changedRows, openPilotDb } from './db.ts'
import { isForeignKeyViolation, uniqueViolation } from './errors.ts'

const { organization, instance, machine, runtime, event, user, session } = schema
const tables = Object.entries(schema)

async function seeded() {
  const sqlite = openNodeSqlite()
  const db = openPilotDb(sqlite)
  const ids = { organization: newId('organization'), instance: newId('instance'), machine: newId('machine') }
  await db.batch([
    db.insert(organization).values({ id: ids.organization, name: 'Acme', slug: 'acme' }),
    db.insert(instance).values({ id: ids.instance, organization_id: ids.organization, name: 'Main', slug: 'main' }),
    db.insert(machine).values({ id: ids.machine, instance_id: ids.instance, name: 'box', type: 'manual' }),
  ])
  return { sqlite, db, ids }
}

const refusal = (work: PromiseLike<unknown>) =>
  Promise.resolve(work).then(
    () => null,
    (error: unknown) => error,
  )

describe('schema', () => {
  it.each(tables)('%s: names are those of the database, times are dates, foreign keys are indexed', (name, table) => {
    expect(getTableName(table)).toBe(name)
    for (const [property, column] of Object.entries(getTableColumns(table))) expect(column.name).toBe(property)
    const config = getTableConfig(table)
    const indexed = new Set(
      config.indexes.flatMap((index) => {
        const first = index.config.columns[0]
        return first && 'name' in first ? [first.name] : []
      }),
    )
    for (const key of config.foreignKeys) {
      const column = key.reference().columns[0]?.name
      expect(indexed, `${name}.${column}`).toContain(column)
      expect(['cascade', 'set null']).toContain(key.onDelete)
    }
  })
})

describe('PilotDb', () => {
  it('round-trips dates and JSON and fills in ids and times', async () => {
    const { sqlite, db, ids } = await seeded()
    const [row] = await db.select().from(instance).where(eq(instance.id, ids.instance))
    expect(row).toMatchObject({ limits: {}, flags: {} })
    expect(row?.created_at).toBeInstanceOf(Date)
    const [made] = await db.insert(machine).values({ instance_id: ids.instance, name: 'b', type: 'local' }).returning()
    expect(made?.id).toMatch(/^mach_/)
    sqlite.close()
  })

  it('allows one runtime per machine that is not revoked', async () => {
    const { sqlite, db, ids } = await seeded()
    const values = (token_hash: string) => ({
      machine_id: ids.machine,
      instance_id: ids.instance,
      label: 'box',
      token_hash,
    })
    await db.insert(runtime).values(values('a'))
    expect(uniqueViolation(await refusal(db.insert(runtime).values(values('b'))))).toBe('runtime.machine_id')
    const revoked = await db.update(runtime).set({ status: 'revoked', revoked_at: new Date() })
    expect(changedRows(revoked)).toBe(1)
    await db.insert(runtime).values(values('b'))
    sqlite.close()
  })

  it('counts an event without instance once', async () => {
    const { sqlite, db, ids } = await seeded()
    const values = { source: 'slack', type: 'slack.message', external_id: 'E1', payload: {}, occurred_at: new Date() }
    await db.insert(event).values(values)
    await db.insert(event).values({ ...values, instance_id: ids.instance })
    expect(uniqueViolation(await refusal(db.insert(event).values(values)))).not.toBeNull()
    await db.insert(event).values(values).onConflictDoNothing()
    expect(await db.$count(event)).toBe(2)
    sqlite.close()
  })

  it('removes what belongs to a removed organization', async () => {
    const { sqlite, db, ids } = await seeded()
    await db.delete(organization).where(eq(organization.id, ids.organization))
    expect(await db.$count(machine)).toBe(0)
    sqlite.close()
  })

  it('has no interactive transaction', async () => {
    const { sqlite, db } = await seeded()
    await expect(db.transaction(async (tx) => tx.delete(machine))).rejects.toThrow()
    expect(await db.$count(machine)).toBe(1)
    sqlite.close()
  })

  it('names the kind of a refusal through the query builder', async () => {
    const { sqlite, db } = await seeded()
    const taken = await refusal(db.insert(organization).values({ name: 'B', slug: 'acme' }))
    expect(uniqueViolation(taken)).toBe('organization.slug')
    expect(uniqueViolation(new Error('D1_ERROR: UNIQUE constraint failed: organization.slug: SQLITE_CONSTRAINT'))).toBe(
      'organization.slug',
    )
    const orphan = await refusal(
      db.insert(session).values({ user_id: newId('user'), token: 't', expires_at: new Date() }),
    )
    expect(isForeignKeyViolation(orphan)).toBe(true)
    expect(uniqueViolation(orphan)).toBeNull()
    sqlite.exec('pragma max_page_count = 1')
    const full = await refusal(db.insert(user).values({ name: 'x'.repeat(1_000_000), email: 'a@example.com' }))
    expect(toPilotError(full).code).toBe('STORAGE_FULL')
    sqlite.close()
  })

  it('answers relational and raw queries', async () => {
    const { sqlite, db } = await seeded()
    expect(await db.all(sql`select name from machine`)).toEqual([{ name: 'box' }])
    sqlite.close()
  })
})
