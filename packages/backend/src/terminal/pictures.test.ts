import { newId } from '@pilot/domain/ids'
import { Hono } from 'hono'
import { expect, test } from 'vitest'
import type { RouteEnv } from '../app/env.ts'
import { type EmulatorJob, runEmulator } from './emulator/run-emulator.ts'
import { cutAt, TerminalPictures } from './pictures.ts'
import { terminalRoutes } from './routes.ts'
import { fakeService, openOrder } from './testing/harness.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const job = (raw: string, more: Partial<EmulatorJob> = {}): EmulatorJob => ({
  ...{ cols: 20, rows: 4, snapshot: new Uint8Array(0), offset: 0, raw: bytes(raw), sizes: [] },
  ...{ format: 'text', scrollback: 100, maxBytes: 1_000_000 },
  ...more,
})
const draw = async (one: EmulatorJob) => new TextDecoder().decode((await runEmulator(one)).bytes)

test('text: history, joined lines, only the screen of a full-screen program', async () => {
  expect(await draw(job('a\r\nb\r\nc\r\nd\r\ne'))).toBe('a\nb\nc\nd\ne\n')
  expect(await draw(job('a\r\nb\r\nc\r\nd\r\ne', { scrollback: 0 }))).toBe('b\nc\nd\ne\n')
  expect(await draw(job('0123456789012345678901234'))).toBe('0123456789012345678901234\n')
  expect(await draw(job('before\u001b[?1049h\u001b[Hinside'))).toBe('inside\n')
})

test('a picture drawn from escape sequences is drawn the same again, at its size', async () => {
  const raw = '\u001b[?2004h\u001b[31mred\u001b[0m\r\n\u001b[?1049h\u001b[2;3Hfull'
  const sizes = [{ offset: 5, cols: 30, rows: 6 }]
  const first = await runEmulator(job(raw, { format: 'ansi', sizes }))
  expect([first.cols, first.rows]).toEqual([30, 6])
  const again = await runEmulator(job('', { format: 'ansi', snapshot: first.bytes, cols: 30, rows: 6 }))
  expect(new TextDecoder().decode(again.bytes)).toBe(new TextDecoder().decode(first.bytes))
  expect(new TextDecoder().decode(first.bytes)).toContain('[?2004h')
})

test('a picture is bounded, the oldest lines go first', async () => {
  const raw = Array.from({ length: 100 }, (_, index) => `line ${index}`).join('\r\n')
  const text = await draw(job(raw, { maxBytes: 300 }))
  expect(text.length).toBeLessThanOrEqual(300)
  expect(text).toContain('line 99')
})

test('a checkpoint never begins inside a sequence', () => {
  expect(cutAt(bytes('one\ntwo'))).toBe(4)
  expect(cutAt(bytes('one\ntwo\u001b[3'))).toBe(7)
  expect(cutAt(bytes('a\u001b]0;title\u001b\\'))).toBe(1)
  expect(cutAt(bytes('plain'))).toBe(5)
  // A line feed within a string is none, and what ends a string is no new sequence.
  expect(cutAt(bytes('a\nb\u001b]0;half\na'))).toBe(3)
  expect(cutAt(bytes('\u001bP1;\nhalf'))).toBe(0)
  // Nor inside a character.
  expect(
    [1, 2, 3, 4].map((length) => cutAt(new Uint8Array([0x61, 0xf0, 0x9f, 0x98, 0x80]).subarray(0, length))),
  ).toEqual([1, 1, 1, 1])
  expect(cutAt(new Uint8Array([0xc3, 0xa9]))).toBe(2)
})

test('the routes: detail and snapshot of a terminal of this workspace, nothing of another', async () => {
  const { service } = fakeService()
  const order = openOrder()
  await service.open(order)
  const drawn: EmulatorJob[] = []
  const pictures = new TerminalPictures(async (one) => {
    drawn.push(one)
    return { cols: 80, rows: 24, bytes: bytes('screen') }
  })
  const app = new Hono<RouteEnv>()
  app.use(async (c, next) => {
    const actor = { user_id: newId('user'), role: 'member' as const }
    c.set('ctx', { workspace_id: order.workspace_id, generation: 1, actor, request_id: 'req_test' })
    await next()
  })
  app.route(
    '/',
    terminalRoutes({
      service,
      pictures,
      programs: async () => [],
      tmuxSessions: async () => [],
      attachCommand: () => 'pilot attach',
      directory: async ({ id }, sessionId) => ({
        cwd: id === order.terminal_id ? 'inner' : '',
        agent_session_id: sessionId,
      }),
    }),
  )
  app.onError((cause, c) => c.json({ code: 'code' in cause ? cause.code : String(cause) }, 400))
  const get = (path: string) => app.request(`http://w/terminal/${path}`)
  expect(await (await get(`${order.terminal_id}/attach-command`)).json()).toEqual({ command: 'pilot attach' })
  const session = newId('agent_session')
  expect(await (await get(`${order.terminal_id}/directory?agent_session_id=${session}`)).json()).toEqual({
    cwd: 'inner',
    agent_session_id: session,
  })
  expect((await get(`${order.terminal_id}/directory?agent_session_id=x`)).status).toBe(400)
  const snapshot = await get(`${order.terminal_id}/snapshot?format=ansi&scrollback=50`)
  expect(await snapshot.text()).toBe('screen')
  expect(Object.fromEntries(snapshot.headers)).toMatchObject({
    ...{ 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' },
  })
  expect(drawn).toMatchObject([{ format: 'ansi', scrollback: 50 }])
  for (const query of ['format=html', 'scrollback=-1', 'scrollback=1e9']) {
    expect(await (await get(`${order.terminal_id}/snapshot?${query}`)).json()).toEqual({ code: 'VALIDATION_FAILED' })
  }
  for (const path of [
    `${newId('terminal')}/attach-command`,
    `${newId('terminal')}/directory`,
    'nonsense/snapshot',
    `${newId('terminal')}/snapshot`,
  ]) {
    expect(await (await get(path)).json()).toEqual({ code: 'NOT_FOUND' })
  }
  expect(await (await get('programs')).json()).toEqual({ programs: [] })
})
