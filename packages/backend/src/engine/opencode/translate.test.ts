import { describe, expect, test } from 'vitest'
import { createEventTranslator } from './event-translator.ts'
import { applyEvent } from './state.ts'
import { translatePermission } from './translate.ts'
import { clip, MAX_OUTPUT_CHARS, relativePath, translatePart } from './translate-part.ts'
import { WireEventSchema, WirePartSchema } from './wire.ts'

const ids = { id: 'prt_1', messageID: 'msg_1', sessionID: 'ses_1' }
const tool = (name: string, state: Record<string, unknown>) =>
  translatePart(WirePartSchema.parse({ ...ids, type: 'tool', callID: 'c', tool: name, state }), '/w')

describe('parts', () => {
  test('a running command shows its output so far, cut to what may travel', () => {
    const output = 'é'.repeat(MAX_OUTPUT_CHARS + 5)
    const part = tool('bash', { status: 'running', input: { command: 'make\n  all' }, metadata: { output } })
    expect(part).toMatchObject({ status: 'running', title: 'make all', output_bytes: 2 * (MAX_OUTPUT_CHARS + 5) })
    expect(part?.type === 'tool' && part.output.length).toBe(MAX_OUTPUT_CHARS)
  })

  test('a stopped tool is interrupted, a broken one failed', () => {
    expect(tool('bash', { status: 'error', input: {}, error: 'Tool execution aborted' })).toMatchObject({
      status: 'interrupted',
    })
    expect(tool('grep', { status: 'error', input: {}, error: 'boom' })).toMatchObject({
      status: 'failed',
      error: 'boom',
    })
  })

  test('marks and snapshots are not shown', () => {
    expect(translatePart(WirePartSchema.parse({ ...ids, type: 'step-start' }), '/w')).toBeNull()
    expect(translatePart(WirePartSchema.parse({ ...ids, type: 'text', text: 'x', synthetic: true }), '/w')).toBeNull()
  })

  test('paths are relative to the session, and outside paths stay recognisable', () => {
    expect(relativePath('/w/src/a.ts', '/w')).toBe('src/a.ts')
    expect(relativePath('/etc/passwd', '/w')).toBe('/etc/passwd')
    expect(relativePath('src/a.ts', '/w')).toBe('src/a.ts')
  })

  test('text is never cut in the middle of a character', () => {
    expect(clip('ab😀', 3)).toBe('ab')
    expect(clip('ab😀', 4)).toBe('ab😀')
  })
})

describe('permissions', () => {
  const ask = (permission: string, metadata: Record<string, unknown>, patterns: string[] = []) =>
    translatePermission({ id: 'per_1', sessionID: 's', permission, patterns, metadata, always: [] }, '/w', null)

  test.each([
    ['bash', { command: 'rm -rf build\necho done' }, [], 'Run a command', 'rm -rf build\necho done'],
    ['edit', { filepath: '/w/a.ts', diff: '+x' }, [], 'Edit a.ts', 'a.ts\n\n+x'],
    ['webfetch', { url: 'https://example.com' }, [], 'Fetch a page from the internet', 'https://example.com'],
    [
      'external_directory',
      { filepath: '/etc/hosts' },
      ['/etc/*'],
      'Use files outside the workspace',
      '/etc/hosts\n\nOutside: /etc/*',
    ],
  ])('%s says exactly what will happen', (permission, metadata, patterns, title, detail) => {
    expect(ask(permission, metadata, patterns)).toMatchObject({ title, detail })
  })
})

describe('events', () => {
  const message = (more: Record<string, unknown> = {}) =>
    WireEventSchema.parse({
      directory: '/w',
      payload: {
        type: 'message.updated',
        properties: {
          sessionID: 'ses_1',
          info: { id: 'msg_1', sessionID: 'ses_1', role: 'user', time: { created: 0 }, ...more },
        },
      },
    })

  test('what repeats itself is told once', () => {
    const translator = createEventTranslator(() => false)
    expect(translator.translate(message())).toHaveLength(1)
    expect(translator.translate(message({ summary: { diffs: [] } }))).toEqual([])
  })

  test('an ask that is answered without a person is not reported, nor is its reply', () => {
    const translator = createEventTranslator((permission) => permission.metadata.command === 'ls')
    const asked = (id: string, command: string) =>
      WireEventSchema.parse({
        directory: '/w',
        payload: {
          type: 'permission.asked',
          properties: { id, sessionID: 's', permission: 'bash', patterns: [], metadata: { command }, always: [] },
        },
      })
    const replied = (id: string) =>
      WireEventSchema.parse({
        directory: '/w',
        payload: { type: 'permission.replied', properties: { sessionID: 's', requestID: id, reply: 'once' } },
      })
    expect(translator.translate(asked('per_1', 'ls'))).toEqual([])
    expect(translator.translate(replied('per_1'))).toEqual([])
    expect(translator.translate(asked('per_2', 'rm x'))).toHaveLength(1)
    expect(translator.translate(replied('per_2'))).toHaveLength(1)
  })

  test('an event that came during a reading makes it current', () => {
    const translator = createEventTranslator(() => false)
    const empty = {
      title: '',
      run: { status: 'idle' as const },
      messages: [],
      permissions: [],
      questions: [],
      todos: [],
    }
    const [first] = translator.translate(message())
    const state = first ? applyEvent(applyEvent(empty, first), first) : empty
    expect(state.messages).toMatchObject([{ id: 'msg_1', parts: [] }])
    const part = { id: 'p', type: 'text' as const, text: 'x', done: true }
    const next = applyEvent(state, { type: 'part', external_id: 'ses_1', message_id: 'msg_1', part })
    expect(next.messages[0]?.parts).toEqual([part])
  })
})
