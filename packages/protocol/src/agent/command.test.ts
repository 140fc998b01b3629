import { newId } from '@pilot/domain/ids'
import { describe, expect, it } from 'vitest'
import { CommandRequestSchema, MAX_PROMPT_CHARS } from './command.ts'
import { CreateSessionSchema, UpdateSessionSchema } from './rest.ts'

const base = { id: newId('command'), session_id: newId('agent_session') }
const accepts = (value: unknown) => CommandRequestSchema.safeParse(value).success

describe('command requests', () => {
  it('take what a person can send', () => {
    expect(accepts({ ...base, kind: 'prompt', text: 'x'.repeat(MAX_PROMPT_CHARS) })).toBe(true)
    expect(accepts({ ...base, kind: 'prompt', text: '👩‍🚀\u0000' })).toBe(true)
    expect(accepts({ ...base, kind: 'abort' })).toBe(true)
    expect(accepts({ ...base, kind: 'permission', permission_id: 'p', reply: 'reject', message: 'no' })).toBe(true)
    expect(accepts({ ...base, kind: 'question', question_id: 'q', answers: [['a', 'b'], []] })).toBe(true)
    expect(accepts({ ...base, kind: 'question', question_id: 'q' })).toBe(true)
  })

  it('refuse empty, too long and broken text, unknown fields, kinds and ids', () => {
    for (const text of ['', ' \n', 'x'.repeat(MAX_PROMPT_CHARS + 1), 'a\uD800b', 5, null])
      expect(accepts({ ...base, kind: 'prompt', text })).toBe(false)
    expect(accepts({ ...base, kind: 'prompt', text: 'x', model: 'y' })).toBe(false)
    expect(accepts({ ...base, kind: 'revert' })).toBe(false)
    expect(accepts({ ...base, id: newId('user'), kind: 'abort' })).toBe(false)
    expect(accepts({ ...base, kind: 'permission', permission_id: 'p', reply: 'yes' })).toBe(false)
  })
})

describe('session requests', () => {
  it('trim titles and refuse broken ones', () => {
    const id = newId('agent_session')
    expect(CreateSessionSchema.parse({ id, title: ' a ' })).toEqual({ id, title: 'a' })
    expect(CreateSessionSchema.safeParse({ id, title: '\uDC00' }).success).toBe(false)
    expect(CreateSessionSchema.safeParse({ id, base_ref: ' ' }).success).toBe(false)
    expect(UpdateSessionSchema.safeParse({ title: '  ' }).success).toBe(false)
    expect(UpdateSessionSchema.safeParse({ status: 'idle' }).success).toBe(false)
  })
})
