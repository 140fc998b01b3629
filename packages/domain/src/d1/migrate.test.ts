import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { MIGRATIONS } from '../migrations.gen.ts'
import { openNodeSqlite } from '../sqlite/node-sqlite.ts'
import { openPilotDb } from './db.ts'
import { migrate } from './migrate.ts'

const one = { name: '0000_a.sql', sql: 'create table a (id text);\n--> statement-breakpoint\ncreate table b (id text)' }
const two = { name: '0001_b.sql', sql: 'alter table a add column n integer' }

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'pilot-migrate-'))
})
afterEach(() => rmSync(dir, { recursive: true }))

describe('migrate', () => {
  it('applies what is missing, once and in order', () => {
    const db = openNodeSqlite()
    expect(migrate(db, [one])).toEqual(['0000_a.sql'])
    expect(migrate(db, [one, two])).toEqual(['0001_b.sql'])
    expect(migrate(db, [one, two])).toEqual([])
    expect(db.query('select n from a').all()).toEqual([])
    db.close()
  })

  it('refuses a database of a newer version and leaves it alone', () => {
    const db = openNodeSqlite()
    migrate(db, [one, two])
    expect(() => migrate(db, [one])).toThrow(expect.objectContaining({ code: 'UPGRADE_REQUIRED' }))
    expect(() => migrate(db, [two, one])).toThrow(expect.objectContaining({ code: 'UPGRADE_REQUIRED' }))
    expect(db.query('select name from d1_migrations').all()).toHaveLength(2)
    db.close()
  })

  it('leaves nothing behind when a migration fails', () => {
    const db = openNodeSqlite()
    expect(() => migrate(db, [one, { name: '0001_bad.sql', sql: 'create table c (id text); nonsense' }])).toThrow()
    expect(db.query('select name from sqlite_master').all()).toEqual([])
    db.close()
  })

  it('is safe against a second starter', () => {
    const file = join(dir, 'x.db')
    const first = openNodeSqlite(file)
    const second = openNodeSqlite(file)
    second.exec('pragma busy_timeout = 0')
    first.exec('begin immediate')
    expect(() => migrate(second, [one])).toThrow(/locked/)
    first.exec('commit')
    expect(migrate(second, [one])).toEqual(['0000_a.sql'])
    expect(migrate(first, [one])).toEqual([])
    first.close()
    second.close()
  })
})

describe('MIGRATIONS', () => {
  it('equals the folder', () => {
    const folder = new URL('../../migrations/', import.meta.url)
    const files = readdirSync(folder).filter((name) => name.endsWith('.sql'))
    expect(MIGRATIONS.map(({ name }) => name)).toEqual(files.sort())
    for (const { name, sql } of MIGRATIONS) expect(sql).toBe(readFileSync(new URL(name, folder), 'utf8'))
  })

  it('opens a file twice, with the pragmas set', () => {
    const file = join(dir, 'pilot.db')
    const db = openNodeSqlite(file)
    openPilotDb(db)
    openPilotDb(db)
    expect(db.query('pragma journal_mode').get()).toEqual({ journal_mode: 'wal' })
    expect(db.query('pragma synchronous').get()).toEqual({ synchronous: 2 })
    expect(db.query('pragma foreign_keys').get()).toEqual({ foreign_keys: 1 })
    expect(db.query('pragma foreign_key_check').all()).toEqual([])
    db.close()
  })
})
