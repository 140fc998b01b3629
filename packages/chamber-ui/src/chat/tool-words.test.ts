import type { ToolPart } from '@pilot/protocol/agent/model'
import { describe, expect, it } from 'vitest'
import { changedLines, durationOf, groupTools, objectOf, resultOf, verbOf } from './tool-words.ts'

function tool(fields: Partial<ToolPart>): ToolPart {
  return {
    id: 'p',
    type: 'tool',
    tool: 'bash',
    kind: 'execute',
    title: 'pnpm test',
    status: 'completed',
    input: {},
    output: '',
    output_bytes: 0,
    error: null,
    started_at: '2026-03-02T09:00:00.000Z',
    ended_at: '2026-03-02T09:00:02.100Z',
    changes: [],
    child_session_id: null,
    ...fields,
  }
}
const added = { path: 'a', kind: 'added' as const, additions: 3, deletions: 1 }

describe('words of a tool', () => {
  it('says what is done in the tense of its state', () => {
    expect(verbOf(tool({}))).toBe('Ran')
    expect(verbOf(tool({ status: 'running' }))).toBe('Running')
    expect(verbOf(tool({ kind: 'edit', changes: [added] }))).toBe('Wrote')
    expect(verbOf(tool({ kind: 'edit', changes: [added, { ...added, kind: 'modified' }] }))).toBe('Edited')
    expect(objectOf(tool({ title: '' }))).toBe('bash')
  })

  it('says how it ended', () => {
    expect(resultOf(tool({}))).toEqual({ text: '2.1 s', tone: 'plain' })
    expect(resultOf(tool({ status: 'failed', error: 'exit code 1\nmore' }))).toEqual({
      text: 'exit code 1',
      tone: 'bad',
    })
    expect(resultOf(tool({ status: 'interrupted' }))?.tone).toBe('off')
    expect(resultOf(tool({ kind: 'search', output: '' }))?.text).toBe('nothing found')
    expect(resultOf(tool({ status: 'running' }))).toBeNull()
    expect(changedLines(tool({ changes: [added, added] }))).toEqual({ additions: 6, deletions: 2 })
    expect(durationOf({ started_at: '2026-03-02T09:00:00Z', ended_at: '2026-03-02T09:02:05Z' })).toBe('2 min 5 s')
  })

  it('folds looking around, but nothing that failed or that changed something', () => {
    const read = (title: string) => tool({ id: title, kind: 'read', title })
    const parts = [read('a'), read('b'), read('a'), tool({ id: 's', kind: 'search' }), tool({ id: 'x' }), read('c')]
    expect(groupTools(parts)).toMatchObject([
      { type: 'fold', label: 'Read 2 files, searched once' },
      { type: 'one', part: { id: 'x' } },
      { type: 'one', part: { id: 'c' } },
    ])
    const failed = groupTools([read('a'), tool({ id: 'f', kind: 'read', status: 'failed' }), read('b')])
    expect(failed.every((group) => group.type === 'one')).toBe(true)
  })
})
