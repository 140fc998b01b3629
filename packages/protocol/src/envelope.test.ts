import { newId } from '@pilot/domain/ids'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createDecoder, encode, TEXT_LIMIT, textBytes } from './envelope.ts'
import { ViewerUpMessageSchema } from './viewer.ts'

const decode = createDecoder(ViewerUpMessageSchema, TEXT_LIMIT.viewer_up)
const session = newId('agent_session')

describe('decoder', () => {
  test('unknown fields are ignored', () => {
    const result = decode(encode({ type: 'agent.ack', agent_session_id: session, seq: 4, colour: 'red' }))
    expect(result).toEqual({
      ok: true,
      message: { schema_version: '1', type: 'agent.ack', agent_session_id: session, seq: 4 },
    })
  })
  test('an unknown type is answered UNSUPPORTED_MESSAGE with its request id', () => {
    const result = decode(encode({ type: 'agent.dance', request_id: 'abcdefgh' }))
    expect(result).toMatchObject({ ok: false, fatal: false, code: 'UNSUPPORTED_MESSAGE' })
    expect(!result.ok && JSON.parse(result.reply)).toMatchObject({
      type: 'error',
      request_id: 'abcdefgh',
      code: 'UNSUPPORTED_MESSAGE',
      retryable: false,
    })
  })
  test.each([
    ['not json', '{'],
    ['null', 'null'],
    ['an array', '[]'],
    ['a text', '"agent.ack"'],
    ['another schema version', JSON.stringify({ schema_version: '2', type: 'agent.ack', agent_session_id: session })],
    ['a wrong field', encode({ type: 'agent.ack', agent_session_id: session, seq: 2 ** 53 })],
    ['a missing id', encode({ type: 'probe', nonce: 'x' })],
    ['a foreign prefix', encode({ type: 'agent.ack', agent_session_id: newId('workspace'), seq: 1 })],
  ])('%s is VALIDATION_FAILED and not fatal', (_name, text) => {
    expect(decode(text)).toMatchObject({ ok: false, fatal: false, code: 'VALIDATION_FAILED' })
  })
  test('the limit counts bytes and is fatal', () => {
    const text = encode({ type: 'probe', request_id: 'abcdefgh', nonce: 'n' })
    const pad = TEXT_LIMIT.viewer_up - text.length
    expect(decode(text + ' '.repeat(pad)).ok).toBe(true)
    expect(decode(`${text}${' '.repeat(pad + 1)}`)).toMatchObject({ fatal: true, code: 'PAYLOAD_TOO_LARGE' })
    expect(decode(`"${'é'.repeat(TEXT_LIMIT.viewer_up / 2)}"`)).toMatchObject({ fatal: true })
  })
  test('never throws', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => void decode(text)))
  })
})

test('textBytes is the length in UTF-8', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(textBytes(text)).toBe(new TextEncoder().encode(text).length)
    }),
  )
  expect(textBytes('\ud800')).toBe(3)
  expect(textBytes('\ud800a\udc00')).toBe(7)
})
