import { newId } from '@pilot/domain/ids'
import { openNodeSqlite } from '@pilot/domain/sqlite/node-sqlite'
import type { SqliteDatabase } from '@pilot/domain/sqlite/port'
import { describe, expect, it, vi } from 'vitest'
import { MAX_OUTPUT_CHARS, outputRows } from './output-rows.ts'
import type { JournalSession } from './rows.ts'
import { canonicalJson } from './rows.ts'
import { newEpoch, openSessionStore } from './store.ts'

const boot = (boot_id: string, storage_id = 'file') => ({ boot_id, storage_id })

function row(boot_id: string): JournalSession {
  const id = newId('agent_session')
  const at = '2026-01-01T00:00:00.000Z'
  return {
    id,
    workspace_id: newId('workspace'),
    instance_id: 'inst_1',
    parent_id: null,
    request: '{}',
    directory: null,
    external_id: null,
    epoch: 'first',
    boot_id,
    head: 3,
    floor: 0,
    title_by_user: true,
    session: {
      id,
      workspace_id: newId('workspace'),
      parent_id: null,
      agent: 'opencode',
      title: 'x',
      status: 'idle',
      attention: 'none',
      error: null,
      retry_at: null,
      model: null,
      worktree: null,
      created_by: null,
      created_at: at,
      last_activity_at: at,
      archived_at: null,
    },
    summary: null,
    created_at: new Date(at),
    deleted_at: null,
  }
}

function epochs(db: SqliteDatabase, next: { boot_id: string; storage_id: string }, clean: boolean) {
  const store = openSessionStore(db, boot('boot-1'))
  const old = row('boot-0')
  const fresh = row('boot-1')
  store.commit('synced', () => {
    store.sessions.insert(old)
    store.sessions.insert(fresh)
  })
  if (clean) store.close()
  const again = openSessionStore(db, next)
  return [old, fresh].map(({ id }) => again.sessions.get(id)?.epoch === 'first')
}

describe('session store', () => {
  it('keeps rows as they are', () => {
    const store = openSessionStore(openNodeSqlite(), boot('boot-1'))
    const one = row('boot-1')
    store.commit('synced', () => store.sessions.insert(one))
    expect(store.sessions.get(one.id)).toEqual(one)
    store.commit('written', () => store.sessions.update(one.id, { head: 9, deleted_at: new Date(5) }))
    expect(store.sessions.get(one.id)).toEqual({ ...one, head: 9, deleted_at: new Date(5) })
    expect(store.sessions.list({})).toEqual([])
    expect(store.sessions.list({ deleted_since: new Date(5) })).toHaveLength(1)
    expect(store.sessions.list({ deleted_since: new Date(6) })).toHaveLength(0)
  })

  it('keeps every epoch when only this process crashed, or the machine was shut down in order', () => {
    expect(epochs(openNodeSqlite(), boot('boot-1'), false)).toEqual([true, true])
    expect(epochs(openNodeSqlite(), boot('boot-2'), true)).toEqual([true, true])
  })

  it('changes the epoch of what was written last before the machine crashed, and all of a restored copy', () => {
    expect(epochs(openNodeSqlite(), boot('boot-2'), false)).toEqual([true, false])
    expect(epochs(openNodeSqlite(), boot('boot-1', 'other file'), true)).toEqual([false, false])
  })

  it('mints epochs that grow', () => {
    vi.useFakeTimers({ now: 1_000, toFake: ['Date'] })
    try {
      const early = newEpoch()
      vi.setSystemTime(Date.parse('2026-01-01'))
      expect(newEpoch() > early).toBe(true)
      expect(newEpoch()).not.toBe(newEpoch())
    } finally {
      vi.useRealTimers()
    }
  })

  it('refuses a file of a newer version and leaves it alone', () => {
    const db = openNodeSqlite()
    openSessionStore(db, boot('boot-1'))
    db.exec("update journal_meta set value = '99' where key = 'schema_version'")
    expect(() => openSessionStore(db, boot('boot-1'))).toThrow(expect.objectContaining({ code: 'UPGRADE_REQUIRED' }))
    expect(db.query("select value from journal_meta where key = 'schema_version'").values()).toEqual([['99']])
  })

  it('writes what is acknowledged with a sync, and leaves the connection so', () => {
    const db = openNodeSqlite()
    const store = openSessionStore(db, boot('boot-1'))
    const level = () => Number(db.query('pragma synchronous').values()[0]?.[0])
    store.commit('written', () => expect(level()).toBe(1))
    expect(level()).toBe(2)
    store.commit('synced', () => expect(level()).toBe(2))
    expect(() =>
      store.commit('written', () => {
        throw new Error('no')
      }),
    ).toThrow('no')
    expect(level()).toBe(2)
  })

  it('finds sessions, events and commands by an index', () => {
    const db = openNodeSqlite()
    openSessionStore(db, boot('boot-1'))
    const plan = (sql: string) => JSON.stringify(db.query(`explain query plan ${sql}`).all())
    for (const sql of [
      "select * from journal_event where session_id = 'x' and seq > 5 order by seq limit 9",
      "select * from journal_session where workspace_id = 'x'",
      "select * from command where session_id = 'x' and state in ('accepted', 'dispatching', 'running') order by created_at, id",
      "select * from ownership where kind = 'x' and external_id = 'y'",
    ])
      expect(plan(sql)).not.toContain('SCAN')
  })
})

describe('outputs', () => {
  it('keeps head and tail of a very long one, and drops the oldest when all together are too many', () => {
    const db = openNodeSqlite()
    openSessionStore(db, boot('boot-1'))
    const outputs = outputRows(db, 6 * 1024 * 1024)
    const id = newId('agent_session')
    const long = `start${'x'.repeat(MAX_OUTPUT_CHARS)}end`
    outputs.save(id, 'a', long, long.length, new Date(1))
    const kept = outputs.get(id, 'a')
    expect(kept?.bytes).toBe(long.length)
    expect(kept?.output).toMatch(/^startx+\n… 8 characters are not kept …\nx+end$/)
    outputs.save(id, 'b', 'y'.repeat(3 * 1024 * 1024), 1, new Date(2))
    expect(outputs.get(id, 'a')).toBeNull()
    expect(outputs.bytes(id, 'b')).toBe(1)
  })
})

describe('canonical JSON', () => {
  it('does not depend on the order of keys', () => {
    expect(canonicalJson({ b: 1, a: [{ d: 2, c: 3 }] })).toBe(canonicalJson({ a: [{ c: 3, d: 2 }], b: 1 }))
    expect(canonicalJson({ a: [1, 2] })).not.toBe(canonicalJson({ a: [2, 1] }))
  })
})
