import { FakeClock } from '@pilot/protocol/link/fake-clock'
import { expect, it } from 'vitest'
import { BEAT_MS, withBeat } from './event-stream.ts'

const bytes = (text: string) => new TextEncoder().encode(text)

/** A machine's stream that the test feeds, and a reader of it as a browser gets it. */
function setUp() {
  const clock = new FakeClock()
  const machine = { cancelled: 0, send: (_text: string) => {}, end: () => {}, fail: () => {} }
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      machine.send = (text) => controller.enqueue(bytes(text))
      machine.end = () => controller.close()
      machine.fail = () => controller.error(new Error('link lost'))
    },
    cancel() {
      machine.cancelled += 1
    },
  })
  const answer = withBeat(new Response(body, { headers: { 'content-type': 'text/event-stream' } }), clock)
  if (!answer.body) throw new Error('no body')
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader()
  return { clock, machine, reader, read: async () => (await reader.read()).value }
}

it('begins at once and says something while the machine is silent', async () => {
  const { clock, machine, read } = setUp()
  expect(await read()).toBe(':\n\n')
  const beat = read()
  await clock.advance(BEAT_MS)
  expect(await beat).toBe(':\n\n')
  machine.send('data: one\n\n')
  expect(await read()).toBe('data: one\n\n')
})

it('never says anything in the middle of an event', async () => {
  const { clock, machine, read } = setUp()
  expect(await read()).toBe(':\n\n')
  for (const piece of ['data: o', 'ne\n', '\n']) {
    const next = read()
    machine.send(piece)
    expect(await next).toBe(piece)
    if (piece !== '\n') await clock.advance(3 * BEAT_MS)
  }
  const beat = read()
  await clock.advance(BEAT_MS)
  expect(await beat).toBe(':\n\n')
})

it('tells the machine once that nobody reads any more', async () => {
  const { clock, machine, reader, read } = setUp()
  await read()
  await reader.cancel()
  await clock.advance(3 * BEAT_MS)
  expect(machine.cancelled).toBe(1)
  expect(clock.pending).toBe(0)
})

it('ends, or breaks, with the stream of the machine and leaves no timer', async () => {
  const ending = setUp()
  await ending.read()
  ending.machine.end()
  expect((await ending.reader.read()).done).toBe(true)
  const breaking = setUp()
  await breaking.read()
  breaking.machine.fail()
  await expect(breaking.read()).rejects.toThrow('link lost')
  expect([ending.clock.pending, breaking.clock.pending]).toEqual([0, 0])
})

it('leaves every other answer alone', () => {
  const answer = Response.json({ fine: true })
  expect(withBeat(answer, new FakeClock())).toBe(answer)
})
