import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openNodeSqlite } from '../sqlite/node-sqlite.ts'
import type { SqliteDatabase } from '../sqlite/port.ts'
import { D1Facade } from './facade.ts'
import { D1_LIMITS, D1LimitError } from './limits.ts'

let sqlite: SqliteDatabase
let d1: D1Facade
beforeEach(() => {
  sqlite = openNodeSqlite()
  d1 = new D1Facade(sqlite)
  sqlite.exec('create table parent (id text primary key, n integer)')
  sqlite.exec('create table child (id text primary key, parent_id text not null references parent (id))')
})
afterEach(() => sqlite.close())

const insert = (id: unknown, n: unknown = 1) => d1.prepare('insert into parent values (?, ?)').bind(id, n)

describe('D1Facade', () => {
  it('gives rows, changes and single values in the shape of D1', async () => {
    expect((await insert('a', true).run()).meta.changes).toBe(1)
    const select = d1.prepare('select * from parent where id = ?').bind('a')
    expect((await select.all()).results).toEqual([{ id: 'a', n: 1 }])
    expect(await select.raw()).toEqual([['a', 1]])
    expect(await select.first('n')).toBe(1)
    expect(await d1.prepare('select * from parent where id = ?').bind('b').first()).toBeNull()
    const updated = await d1.prepare('update parent set n = ? returning id').bind(2).all()
    expect(updated).toMatchObject({ results: [{ id: 'a' }], meta: { changes: 1 } })
  })

  it('enforces foreign keys', async () => {
    await expect(d1.prepare('insert into child values (?, ?)').bind('c', 'nobody').run()).rejects.toThrow(/FOREIGN KEY/)
  })

  it('runs a batch as one transaction', async () => {
    await expect(d1.batch([insert('a'), insert('b'), insert('a')])).rejects.toThrow(/UNIQUE/)
    expect((await d1.prepare('select id from parent').all()).results).toEqual([])
    await d1.batch([insert('a'), insert('b')])
    expect((await d1.prepare('select id from parent').all()).results).toHaveLength(2)
  })

  it.each(['begin', 'BEGIN immediate', ' commit', 'rollback', 'savepoint x', 'release x', 'vacuum', "attach 'x' as y"])(
    'refuses %s',
    (sql) => expect(() => d1.prepare(sql)).toThrow(D1LimitError),
  )

  it.each([
    ['undefined', undefined],
    ['bigint', 1n],
    ['a date', new Date()],
    ['an object', {}],
    ['NaN', Number.NaN],
  ])('refuses to bind %s', (_, value) => expect(() => insert(value)).toThrow(D1LimitError))

  it('takes exactly 100 variables', async () => {
    const of = (n: number) => d1.prepare(`select count(*) c from parent where n in (${Array(n).fill('?').join()})`)
    expect(
      await of(100)
        .bind(...Array(100).fill(1))
        .first('c'),
    ).toBe(0)
    expect(() => of(101).bind(...Array(101).fill(1))).toThrow(/at most 100/)
  })

  it('wants one value per placeholder', async () => {
    expect(() => d1.prepare('select ?').bind()).toThrow(D1LimitError)
    expect(() => d1.prepare('select 1').bind(1)).toThrow(D1LimitError)
    await expect(d1.prepare('select ?').all()).rejects.toThrow(D1LimitError)
  })

  it('bounds statements, values, patterns and columns', async () => {
    expect(() => d1.prepare(`select '${'x'.repeat(D1_LIMITS.statement_bytes)}'`)).toThrow(/100000 bytes/)
    expect(() => insert('x'.repeat(D1_LIMITS.row_bytes))).toThrow(D1LimitError)
    expect(() => insert('ü'.repeat(D1_LIMITS.row_bytes / 2))).toThrow(D1LimitError)
    expect((await insert('x'.repeat(D1_LIMITS.row_bytes - 8)).run()).meta.changes).toBe(1)
    const like = d1.prepare("select 1 from parent where id like '%' || ? || '%'")
    await like.bind('x'.repeat(48)).all()
    expect(() => like.bind('x'.repeat(49))).toThrow(/LIKE/)
    expect(() => d1.prepare(`select 1 where 'a' glob '${'x'.repeat(51)}'`)).toThrow(/GLOB/)
    const columns = (n: number) => d1.prepare(`select ${Array.from({ length: n }, (_, i) => `1 c${i}`).join()}`)
    await columns(100).all()
    await expect(columns(101).all()).rejects.toThrow(/101 result columns/)
  })

  it('refuses what D1 would answer with columns missing', async () => {
    const twice = d1.prepare('select p.id, q.id from parent p join parent q')
    await expect(twice.all()).rejects.toThrow(/same name/)
    expect(await twice.raw()).toEqual([])
  })

  it('says STORAGE_FULL when the disk is full, and keeps what was there', async () => {
    await insert('kept').run()
    sqlite.exec('pragma max_page_count = 8')
    const fill = async () => {
      for (let i = 0; i < 50; i += 1) await insert(`${i}${'x'.repeat(4_000)}`).run()
    }
    await expect(fill()).rejects.toMatchObject({ code: 'STORAGE_FULL' })
    const large = insert('x'.repeat(100_000))
    await expect(d1.batch([insert('lost'), large])).rejects.toMatchObject({ code: 'STORAGE_FULL' })
    expect(await d1.prepare("select id from parent where id = 'lost'").first()).toBeNull()
    expect(await d1.prepare('select id from parent where id = ?').bind('kept').first('id')).toBe('kept')
  })

  it('gives back what was bound', async () => {
    const value = fc.oneof(fc.string({ unit: 'grapheme' }), fc.maxSafeInteger(), fc.boolean(), fc.constant(null))
    await fc.assert(
      fc.asyncProperty(fc.array(value, { minLength: 1, maxLength: 100 }), async (values) => {
        const [row] = await d1
          .prepare(`select ${values.map(() => '?').join()}`)
          .bind(...values)
          .raw()
        expect(row).toEqual(values.map((v) => (typeof v === 'boolean' ? Number(v) : v)))
      }),
    )
  })
})
