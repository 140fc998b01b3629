import { spawnSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Emulator } from '../testing-emulator.ts'
import { type Recorded, testHosts, until } from '../testing-host.ts'
import { tmuxServerPath } from './commands.ts'

let hosts: ReturnType<typeof testHosts>
let server: string
beforeEach(() => {
  hosts = testHosts()
  server = tmuxServerPath(hosts.root, tmpdir())
})
afterEach(async () => {
  tmux('kill-server')
  await hosts.dispose()
})

const tmux = (...args: string[]) => spawnSync('tmux', ['-S', server, ...args], { encoding: 'utf8' })
const said = (terminal: Recorded, text: string) => until(text, () => terminal.text().includes(text))
const start = (session = 'work') =>
  hosts.start(['/bin/true'], {
    layer: { kind: 'tmux', session, own: true, argv: ['/bin/bash', '--norc', '--noprofile'] },
  })

test('a terminal is a session of tmux that others can open: bytes, keys, size, title', async () => {
  const terminal = await start()
  terminal.watch()
  terminal.type('printf "\\033]0;my title\\007caf\\303\\251 \\033[31mred\\033[0m\\n"\r')
  await said(terminal, 'café \x1b[31mred\x1b[0m')
  expect(terminal.source.status.title).toBe('my title')
  terminal.source.resize(91, 31)
  terminal.type('stty size\r')
  await said(terminal, '31 91')
  // What somebody types over SSH is seen here.
  tmux('send-keys', '-t', '=work:', 'echo from-elsewhere', 'Enter')
  await said(terminal, 'from-elsewhere')
  terminal.type('exit\r')
  await until('it ended', () => terminal.source.status.state === 'ended')
})

test('20,000 lines at once arrive byte by byte', async () => {
  const terminal = await start()
  terminal.watch()
  terminal.type('PS1=; clear; stty -echo; seq 1 20000; echo do"ne"\r')
  await said(terminal, 'done\r\n')
  const text = terminal.text()
  const expected = Array.from({ length: 20_000 }, (_, index) => `${index + 1}\r\n`).join('')
  expect(text.slice(text.lastIndexOf('1\r\n2\r\n3\r\n'), text.lastIndexOf('done'))).toBe(expected)
})

test('the session survives its holder, and comes back with its screen in a new epoch', async () => {
  const terminal = await start()
  terminal.watch()
  terminal.type('echo still-"here"; (sleep 0.1; echo later) &\r')
  await said(terminal, 'still-here')
  process.kill(terminal.source.status.host_pid, 'SIGKILL')
  await until('it was noticed', () => terminal.counts.lost === 1)
  const [again] = await hosts.adopt()
  if (!again) throw new Error('not found')
  expect(again.source.status).toMatchObject({ state: 'running', reason: null })
  expect(again.source.status.epoch).not.toBe(terminal.source.status.epoch)
  again.watch()
  again.type('echo and-"on"\r')
  await said(again, 'and-on\r\n')
  const emulator = new Emulator(again.source.status.cols, again.source.status.rows)
  await emulator.write(again.bytes())
  expect(emulator.screen().join('\n')).toContain('still-here')
  emulator.dispose()
  expect(await again.source.end({ force: true, graceMs: 500 })).toBe(true)
  expect(tmux('has-session', '-t', '=work').status).not.toBe(0)
})

test('a server that is killed ends its terminals', async () => {
  const terminal = await start()
  tmux('kill-server')
  await until('it ended', () => terminal.source.status.state === 'ended')
})

test('a program is held back, and a session that does not exist is refused', async () => {
  const terminal = await start()
  terminal.watch()
  terminal.source.hold(terminal.source.status.end_offset + 100_000)
  terminal.type('yes abcdefgh\r')
  await until('it ran into the hold', () => terminal.length() > 100_000)
  await new Promise((resolve) => setTimeout(resolve, 500))
  const at = terminal.length()
  await new Promise((resolve) => setTimeout(resolve, 300))
  expect(terminal.length()).toBe(at)
  terminal.source.hold(null)
  await until('it goes on', () => terminal.length() > at + 100_000)
  terminal.type('\x03')
  await expect(
    hosts.start(['/bin/true'], { layer: { kind: 'tmux', session: 'none such', own: false } }),
  ).rejects.toThrow('There is no such tmux session any more.')
})
