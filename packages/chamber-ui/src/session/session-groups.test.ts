import { newId } from '@pilot/domain/ids'
import type { SessionView } from '@pilot/protocol/api/views'
import { describe, expect, it } from 'vitest'
import { groupSessions, keepLayout, needOf, stateOf, tabTitle } from './session-groups.ts'

function row(fields: Partial<SessionView>): SessionView {
  return {
    id: newId('agent_session'),
    workspace_id: newId('workspace'),
    agent: 'opencode',
    title: 'A session',
    status: 'idle',
    attention: 'none',
    activity: '',
    branch: null,
    additions: 0,
    deletions: 0,
    parent_id: null,
    created_at: '2026-03-02T09:00:00Z',
    last_activity_at: '2026-03-02T09:00:00Z',
    archived_at: null,
    epoch: 'e',
    seq: 1,
    ...fields,
  }
}

describe('session groups', () => {
  it('knows what a session needs, the person first', () => {
    expect(needOf(row({ status: 'busy', attention: 'permission' }))).toBe('waiting')
    expect(needOf(row({ status: 'creating' }))).toBe('working')
    expect(needOf(row({ status: 'interrupted' }))).toBe('failed')
    expect(needOf(row({ status: 'idle', attention: 'done' }))).toBe('done')
    expect(needOf(row({ status: 'busy', archived_at: 'x' }))).toBe('archived')
    expect(stateOf(row({ status: 'retry' }))).toEqual({ kind: 'working', word: 'Trying again' })
  })

  it('groups by need, newest first, without the sessions of sub-agents and without archived ones', () => {
    const old = row({ last_activity_at: '2026-03-02T08:00:00Z' })
    const fresh = row({})
    const waiting = row({ status: 'waiting' })
    const child = row({ parent_id: waiting.id })
    const archived = row({ status: 'archived', archived_at: 'x' })
    const all = [old, fresh, child, archived, waiting]
    expect(groupSessions(all, false).map(({ need, sessions }) => [need, sessions.map(({ id }) => id)])).toEqual([
      ['waiting', [waiting.id]],
      ['done', [fresh.id, old.id]],
    ])
    expect(groupSessions(all, true)).toEqual([{ need: 'archived', sessions: [archived] }])
  })

  it('keeps a layout while rows change in it, and drops what is gone', () => {
    const [one, two] = [row({ title: 'one' }), row({ title: 'two', last_activity_at: '2026-03-02T08:00:00Z' })]
    const layout = groupSessions([one, two], false)
    const kept = keepLayout(layout, [{ ...two, status: 'busy', last_activity_at: '2026-03-02T10:00:00Z' }, one])
    expect(kept).toHaveLength(1)
    expect(kept[0]?.sessions.map(({ title, status }) => [title, status])).toEqual([
      ['one', 'idle'],
      ['two', 'busy'],
    ])
    expect(keepLayout(layout, [one])[0]?.sessions).toEqual([one])
  })

  it('puts what is needed first in the tab', () => {
    expect(tabTitle(row({ status: 'waiting' }), 'shop', 0)).toBe('◆ Waiting for you · A session · shop')
    expect(tabTitle(row({}), 'shop', 2)).toBe('(2) A session · shop')
    expect(tabTitle(null, 'shop', 0)).toBe('shop')
  })
})
