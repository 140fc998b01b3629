import { newId } from '@pilot/domain/ids'
import { openNodeSqlite } from '@pilot/domain/sqlite/node-sqlite'
import type { SqliteDatabase } from '@pilot/domain/sqlite/port'
import type { AgentEvent } from '@pilot/protocol/agent/event'
import { applyEvent, EMPTY_STATE, fold } from '@pilot/protocol/agent/fold'
import type { AgentSession } from '@pilot/protocol/agent/model'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BATCH_CHARS, BATCH_MS, createJournal, HOT_SESSIONS, type Journal, KEEP_EVENTS, KEEP_MS } from './journal.ts'
import { openSessionStore } from './store/store.ts'
import { emptyMessage, fakePermission, fakeTool } from './testing/fake-engine.ts'
import { CONTINUITY } from './testing/harness.ts'
import { manualClock } from './testing/manual-clock.ts'

const workspace = newId('workspace')

function open(db: SqliteDatabase, onLost: (id: string) => void = () => undefined) {
  const clock = manualClock()
  const store = openSessionStore(db, CONTINUITY)
  const logged: string[] = []
  const journal = createJournal({ store, clock, log: (message) => logged.push(message), onLost })
  return { journal, clock, store, logged }
}

function session(id = newId('agent_session')): AgentSession {
  return {
    id,
    workspace_id: workspace,
    parent_id: null,
    agent: 'opencode',
    title: 'New session',
    status: 'idle',
    attention: 'none',
    error: null,
    retry_at: null,
    model: null,
    worktree: null,
    created_by: null,
    created_at: '2026-01-01T00:00:00.000Z',
    last_activity_at: '2026-01-01T00:00:00.000Z',
    archived_at: null,
  }
}

function create(journal: Journal, row = session()) {
  journal.create(
    {
      id: row.id,
      workspace_id: workspace,
      instance_id: 'inst_1',
      parent_id: null,
      request: '',
      directory: '/work',
      external_id: null,
      epoch: 'epoch-1',
      title_by_user: false,
      session: row,
      created_at: new Date(row.created_at),
    },
    [{ type: 'session.updated', session: row }],
  )
  return row.id
}

const message = (id: string): AgentEvent => ({
  type: 'message.upserted',
  message: emptyMessage(id, 'assistant', '2026-01-01T00:00:01.000Z'),
})
const textPart = (id: string, text = ''): AgentEvent => ({
  type: 'part.upserted',
  message_id: 'm0',
  part: { id, type: 'text', text, done: false },
})
const appended = (offset: number, text: string, part = 'p0') =>
  ({ type: 'part.appended', message_id: 'm0', part_id: part, field: 'text', offset, text }) as const

/** Any event about a few messages, parts and asks. */
const anyEvent: fc.Arbitrary<AgentEvent> = fc
  .record({
    kind: fc.nat(8),
    message: fc.nat(3),
    part: fc.nat(2),
    text: fc.string({ unit: 'binary', maxLength: 8 }),
    n: fc.nat(12),
  })
  .map(({ kind, message: m, part, text, n }): AgentEvent => {
    const at = `2026-01-01T00:00:0${n % 10}.000Z`
    const ids = { message_id: `m${m}`, part_id: `p${part}` }
    switch (kind) {
      case 0:
      case 1:
        return { type: 'message.upserted', message: emptyMessage(`m${m}`, n % 2 ? 'user' : 'assistant', at) }
      case 2:
        return {
          type: 'part.upserted',
          message_id: ids.message_id,
          part: { id: ids.part_id, type: 'text', text, done: n > 6 },
        }
      case 3:
        return { type: 'part.appended', ...ids, field: 'text', offset: n, text }
      case 4:
        return {
          type: 'part.upserted',
          message_id: ids.message_id,
          part: fakeTool(ids.part_id, { output: text, output_bytes: Buffer.byteLength(text) }),
        }
      case 5:
        return { type: 'part.appended', ...ids, field: 'output', offset: n, text }
      case 6:
        return n > 8 ? { type: 'message.removed', message_id: ids.message_id } : { type: 'part.removed', ...ids }
      case 7:
        return { type: 'permission.upserted', permission: fakePermission(`a${part}`, at) }
      default:
        return { type: 'todos.updated', todos: [{ content: text, status: 'pending', priority: 'low' }] }
    }
  })

type Step = { do: 'append'; events: AgentEvent[] } | { do: 'text'; text: string } | { do: 'wait' | 'restart' | 'flush' }
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('append' as const), events: fc.array(anyEvent, { maxLength: 5 }) }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('text' as const),
      text: fc.string({ unit: 'binary', minLength: 1, maxLength: 5 }),
    }),
  },
  fc.record({ do: fc.constantFrom('wait' as const, 'restart' as const, 'flush' as const) }),
)

describe('journal', () => {
  it('is the fold of its events, at every reader, through restarts', () => {
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 40 }), (steps) => {
        const db = openNodeSqlite()
        let { journal, clock } = open(db)
        const id = create(journal)
        let live = fold(journal.read(id, 0, 10_000).map((entry) => entry.event))
        let lastSeq = 1
        const follow = () =>
          journal.onCommit(({ entries, session: row }) => {
            for (const entry of entries) {
              expect(entry.seq).toBe(lastSeq + 1)
              lastSeq = entry.seq
              live = applyEvent(live, entry.event)
            }
            expect(row.head).toBe(lastSeq)
          })
        follow()
        for (const step of steps) {
          if (step.do === 'append') journal.append(id, step.events)
          if (step.do === 'text') {
            const part = journal.state(id).messages[0]?.parts[0]
            if (part?.type === 'text')
              journal.appendText(id, {
                ...appended(part.text.length, step.text, part.id),
                message_id: journal.state(id).messages[0]?.id ?? '',
              })
          }
          if (step.do === 'wait') clock.advance(BATCH_MS)
          if (step.do === 'flush') journal.flush()
          if (step.do === 'restart') {
            journal.close()
            ;({ journal, clock } = open(db))
            follow()
          }
          // One who was there all the time, one who takes a snapshot now, and one who replays everything.
          const now = journal.committed(id)
          expect(now.session.head).toBe(lastSeq)
          expect(live).toEqual(now.state)
          expect(fold(journal.read(id, 0, 10_000).map((entry) => entry.event))).toEqual(now.state)
        }
        journal.close()
        expect(clock.pending()).toBe(0)
      }),
      { numRuns: 150 },
    )
  })

  it('tells nobody before the commit, and nothing when it fails', () => {
    const db = openNodeSqlite()
    const { journal, store } = open(db)
    const id = create(journal)
    const seen: number[] = []
    journal.onCommit(({ entries }) => {
      for (const entry of entries) {
        expect(store.events.read(id, entry.seq - 1, 1)).toHaveLength(1)
        seen.push(entry.seq)
      }
    })
    expect(() =>
      journal.append(id, [message('m0')], {
        work: () => {
          throw new Error('database or disk is full')
        },
      }),
    ).toThrow(expect.objectContaining({ code: 'STORAGE_FULL' }))
    expect(seen).toEqual([])
    expect(journal.state(id).messages).toEqual([])
    journal.append(id, [message('m0'), textPart('p0')])
    expect(seen).toEqual([2, 3])
  })

  it('batches text for at most 30 ms or 4 KiB, and never lets it be overtaken', () => {
    const { journal, clock } = open(openNodeSqlite())
    const id = create(journal)
    journal.append(id, [message('m0'), textPart('p0')])
    for (let i = 0; i < 10; i += 1) journal.appendText(id, appended(i, 'x'))
    expect(journal.state(id).messages[0]?.parts).toMatchObject([{ text: 'xxxxxxxxxx' }])
    expect(journal.committed(id).session.head).toBe(3)
    clock.advance(BATCH_MS - 1)
    expect(journal.committed(id).session.head).toBe(3)
    clock.advance(1)
    expect(journal.read(id, 3, 10)).toEqual([{ seq: 4, event: appended(0, 'xxxxxxxxxx') }])
    journal.appendText(id, appended(10, 'y'.repeat(BATCH_CHARS)))
    expect(journal.committed(id).session.head).toBe(5)
    journal.appendText(id, appended(10 + BATCH_CHARS, 'z'))
    journal.append(id, [message('m1')])
    expect(journal.read(id, 5, 10).map((entry) => entry.event.type)).toEqual(['part.appended', 'message.upserted'])
  })

  it('keeps text that could not be stored and tries again; too much of it is read again later', () => {
    const db = openNodeSqlite()
    let full = false
    const failing: SqliteDatabase = {
      ...db,
      exec: (sql) => {
        if (full && sql === 'commit') throw new Error('database or disk is full')
        return db.exec(sql)
      },
    }
    const lost: string[] = []
    const { journal, clock, logged } = open(failing, (one) => lost.push(one))
    const id = create(journal)
    journal.append(id, [message('m0'), textPart('p0')])
    full = true
    journal.appendText(id, appended(0, 'abc'))
    clock.advance(BATCH_MS)
    expect(logged).toHaveLength(1)
    full = false
    clock.advance(1_000)
    expect(journal.committed(id).state.messages[0]?.parts).toMatchObject([{ text: 'abc' }])
    full = true
    for (let i = 0; i < 300; i += 1) journal.appendText(id, appended(3 + i * 1_000, 'x'.repeat(1_000)))
    clock.advance(1_000)
    expect(lost).toEqual([id])
    expect(journal.state(id).messages[0]?.parts).toMatchObject([{ text: 'abc' }])
    journal.close()
  })

  it('trims old entries behind a snapshot, and shows the jump to one who is behind', () => {
    const db = openNodeSqlite()
    const { journal, clock } = open(db)
    const id = create(journal)
    journal.append(id, [message('m0'), textPart('p0')])
    const grow = (times: number) => {
      for (let i = 0; i < times; i += 1)
        journal.append(
          id,
          Array.from({ length: 100 }, (_, n) => textPart(`p${n % 7}`, `${i}.${n}`)),
        )
    }
    grow(50)
    // Everything is younger than ten minutes, so all of it is kept.
    expect(journal.read(id, 0, 1)[0]?.seq).toBe(1)
    clock.advance(KEEP_MS + 1)
    grow(50)
    const { session: row, state } = journal.committed(id)
    expect(row.floor).toBeGreaterThan(4_000)
    expect(row.head - row.floor).toBeGreaterThanOrEqual(KEEP_EVENTS)
    expect(journal.read(id, 0, 1)[0]?.seq).toBe(row.floor + 1)
    journal.close()
    expect(open(db).journal.committed(id).state).toEqual(state)
  })

  it('keeps few sessions in memory and gives each back as it was', () => {
    const { journal } = open(openNodeSqlite())
    const ids = Array.from({ length: HOT_SESSIONS * 2 }, () => create(journal))
    for (const [index, id] of ids.entries()) journal.append(id, [message(`m${index}`)])
    for (const [index, id] of ids.entries()) expect(journal.state(id).messages).toMatchObject([{ id: `m${index}` }])
  })

  it('tells a summary when a list shows something else, and marks a deletion', () => {
    const { journal, store } = open(openNodeSqlite())
    const row = session()
    const told: unknown[] = []
    journal.onCommit(({ summary }) => summary && told.push([summary.title, summary.seq, summary.deleted]))
    const id = create(journal, row)
    journal.append(id, [{ type: 'session.updated', session: { ...row, last_activity_at: '2027-01-01T00:00:00.000Z' } }])
    journal.append(id, [{ type: 'session.updated', session: { ...row, title: 'Better' } }])
    journal.remove(id)
    expect(told).toEqual([
      ['New session', 1, false],
      ['Better', 3, false],
      ['Better', 4, true],
    ])
    expect(() => journal.state(id)).toThrow(expect.objectContaining({ code: 'SESSION_NOT_FOUND' }))
    expect(store.events.read(id, 0, 10)).toEqual([])
    expect(() => create(journal, row)).toThrow(expect.objectContaining({ code: 'CONFLICT' }))
  })

  it('does not let one listener disturb another, and keeps the order when a listener appends', () => {
    const { journal, logged } = open(openNodeSqlite())
    const id = create(journal)
    const seen: number[] = []
    journal.onCommit(({ entries }) => {
      if (entries.at(-1)?.seq === 2) journal.append(id, [message('m1')])
      throw new Error('broken')
    })
    journal.onCommit(({ entries }) => seen.push(...entries.map((entry) => entry.seq)))
    journal.append(id, [message('m0')])
    expect(seen).toEqual([2, 3])
    expect(logged).toHaveLength(2)
    expect(EMPTY_STATE.messages).toEqual([])
  })
})
