import { beforeEach, describe, expect, test } from 'vitest'
import type { EngineSessionHandle } from './engine.ts'
import { createMockEngine, type MockEngine, type MockStep } from './mock-engine.ts'
import { EventLog } from './test-support.ts'

const MODEL = { provider: 'demo', model: 'demo', label: 'Demo', demo: true }
const STEPS: MockStep[] = [
  { type: 'text', text: 'first' },
  { type: 'command', command: 'make', output: 'made\n' },
  { type: 'question', question: 'Which?', options: ['a', 'b'] },
  { type: 'text', text: 'last' },
]
let engine: MockEngine
let log: EventLog
let session: EngineSessionHandle

beforeEach(async () => {
  engine = createMockEngine({ script: (prompt) => (prompt === 'work' ? [...STEPS] : [{ type: 'text', text: prompt }]) })
  log = new EventLog()
  engine.subscribe(log.push)
  session = await engine.createSession({ ref: 'r', directory: '/w' })
})

const prompt = (text: string, ids = engine.newPromptIds()) => engine.prompt(session, { text, ...ids, model: MODEL })

describe('mock engine', () => {
  test('runs a turn through its asks, the same way every time', async () => {
    await prompt('work')
    const [asked] = log.all('permission.asked')
    expect(asked?.permission.detail).toBe('make')
    expect(await engine.replyPermission(session, asked?.permission.id ?? '', 'once')).toBe('ok')
    expect(await engine.replyPermission(session, asked?.permission.id ?? '', 'once')).toBe('gone')
    const [question] = log.all('question.asked')
    await engine.replyQuestion(session, question?.question.id ?? '', [['a']])
    const state = await engine.readState(session)
    expect(state.run).toEqual({ status: 'idle' })
    expect(state.messages.map((message) => message.status)).toEqual(['completed', 'completed'])
    expect(state.messages[1]?.parts.map((part) => part.type)).toEqual(['text', 'tool', 'text'])
    expect(await engine.toolOutput(session, asked?.permission.part_id ?? '')).toBe('made\n')
  })

  test('takes a repeated prompt once and a repeated session once', async () => {
    const ids = engine.newPromptIds()
    await prompt('hello', ids)
    await prompt('hello', ids)
    expect((await engine.readState(session)).messages).toHaveLength(2)
    expect(await engine.createSession({ ref: 'r', directory: '/w' })).toEqual(session)
  })

  test('stops, crashes and fails as the real one does', async () => {
    await prompt('work')
    await engine.abort(session)
    expect((await engine.readState(session)).messages.at(-1)?.status).toBe('aborted')
    await prompt('work')
    const [, asked] = log.all('permission.asked')
    engine.crash()
    expect(log.all('down')).toHaveLength(1)
    const state = await engine.readState(session)
    expect(state.messages.at(-1)).toMatchObject({ status: 'interrupted' })
    expect(state.permissions).toEqual([])
    expect(await engine.replyPermission(session, asked?.permission.id ?? '', 'once')).toBe('gone')
  })
})
