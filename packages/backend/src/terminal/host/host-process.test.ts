import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { sessionProcesses } from './process-start.ts'
import { type Recorded, testHosts, until } from './testing-host.ts'

let hosts: ReturnType<typeof testHosts>
beforeEach(() => {
  hosts = testHosts()
})
afterEach(() => hosts.dispose())

const shell = ['/bin/bash', '--norc', '--noprofile'] as [string, ...string[]]
/** What may come beyond where a program is held: elsewhere Bun reads ahead. */
const AHEAD = process.platform === 'linux' ? 1 : 100_000
const said = (terminal: Recorded, text: string) => until(text, () => terminal.text().includes(text))

test('a shell has a terminal of its own: its size, job control, and the code that it ends with', async () => {
  const terminal = await hosts.start(shell, { cols: 101, rows: 33 })
  terminal.watch()
  terminal.type('stty size; ps -o sid=,pid= -p $$; tty\r')
  await said(terminal, '33 101')
  await said(terminal, '/dev/')
  terminal.type('sleep 100\r')
  await until('sleep is in the foreground', () => terminal.source.status.process === 'sleep')
  terminal.type('\x03')
  await until('the shell is again', () => terminal.source.status.process === 'bash')
  terminal.source.resize(90, 20)
  await until('the size was told', () => terminal.source.status.cols === 90)
  terminal.type('stty size; echo "first-"last; exit 7\r')
  await until('it ended', () => terminal.source.status.state === 'ended')
  expect(terminal.text()).toContain('20 90')
  expect(terminal.text()).toContain('first-last')
  expect(terminal.source.status).toMatchObject({ exit_code: 7, reason: null })
  expect(terminal.sizes.at(-1)).toMatchObject({ cols: 90, rows: 20 })
  terminal.source.dismiss()
  await until('nothing is left', () => !existsSync(join(hosts.root, terminal.source.terminalId)))
  expect(terminal.counts.lost).toBe(0)
})

test('20,000 lines at once arrive byte by byte, the last before the end is told', async () => {
  const terminal = await hosts.start(['/bin/sh', '-c', 'stty -onlcr; sleep 0.2; seq 1 20000'])
  let lengthAtEnd = -1
  terminal.watch()
  await until('it ended', () => terminal.source.status.state === 'ended')
  lengthAtEnd = terminal.length()
  const expected = `${Array.from({ length: 20_000 }, (_, index) => index + 1).join('\n')}\n`
  expect(lengthAtEnd).toBe(expected.length)
  expect(hash(terminal.bytes())).toBe(hash(Buffer.from(expected)))
  expect(terminal.counts.gaps).toBe(0)
})

test('what cannot be started is refused with what to do, and leaves nothing behind', async () => {
  const refused = (argv: [string, ...string[]], cwd?: string) =>
    hosts.start(argv, cwd ? { cwd } : {}).then(
      () => 'started',
      (error: { code: string; message: string }) => `${error.code}: ${error.message}`,
    )
  expect(await refused(['/no/such/zsh'])).toBe(
    'VALIDATION_FAILED: zsh is not installed on this machine, or may not be run.',
  )
  expect(await refused(['no-such-shell'])).toContain('VALIDATION_FAILED')
  expect(await refused(['/etc/passwd'])).toContain('VALIDATION_FAILED')
  expect(await refused(shell, '/no/such/directory')).toBe('VALIDATION_FAILED: The directory does not exist.')
  await until('every holder is gone', () =>
    hosts.children.every((child) => (child.exitCode ?? child.signalCode) !== null),
  )
  expect(await hosts.launcher.adopt()).toEqual([])
})

test('a daemon that is killed while it holds the program back lets it go, and the next one finds every byte', async () => {
  const program = 'stty -echo; echo ready; read; for i in {1..30000}; do echo "line $i"; done; read'
  const terminal = await hosts.start(['/bin/bash', '-c', program])
  terminal.watch()
  await said(terminal, 'ready')
  terminal.source.hold(50_000)
  terminal.type('\r')
  await until('it is held', () => terminal.source.status.end_offset >= 50_000)
  await quiet(() => terminal.source.status.end_offset)
  expect(terminal.source.status.end_offset).toBeLessThan(50_000 + AHEAD)
  terminal.source.release()
  const [again] = await hosts.adopt()
  if (!again) throw new Error('not found')
  expect(again.source.status).toMatchObject({ epoch: terminal.source.status.epoch, state: 'running' })
  again.watch(terminal.length())
  await until('the rest came', () => again.text().includes('line 30000\r\n'))
  const lines = `${terminal.text()}${again.text()}`.split('\r\n')
  expect(lines.slice(1, 30_001)).toEqual(Array.from({ length: 30_000 }, (_, index) => `line ${index + 1}`))
})

test.runIf(process.platform === 'linux')('Ctrl-C drops what the program wrote and nobody took', async () => {
  const terminal = await hosts.start(shell)
  terminal.watch()
  await said(terminal, '$ ')
  terminal.source.hold(50_000)
  terminal.type('yes "a line that floods"\r')
  await until('it is held', () => terminal.source.status.end_offset >= 50_000)
  await quiet(() => terminal.source.status.end_offset)
  terminal.type('\u0003')
  const pid = terminal.source.status.program_pid ?? 0
  await until('the program is gone', () => sessionProcesses(pid).every(({ name }) => name !== 'yes'))
  terminal.source.hold(null)
  await until('its prompt', () => terminal.text().endsWith('$ '))
  expect(terminal.length()).toBeLessThan(50_100)
})

test('what a program wrote after a Ctrl-C is kept when something is typed before it was read', async () => {
  const printed = join(mkdtempSync(join(tmpdir(), 'pilot-printed-')), 'printed')
  const program = `stty -echo; trap 'seq 1 200; touch ${printed}' INT; echo ready; while :; do read line; done`
  const terminal = await hosts.start(['/bin/sh', '-c', program])
  terminal.watch()
  await said(terminal, 'ready')
  await quiet(() => terminal.source.status.end_offset)
  terminal.source.hold(terminal.source.status.end_offset)
  terminal.type('\u0003')
  await until('it has written', () => existsSync(printed))
  terminal.type('x\r')
  terminal.source.hold(null)
  await until('the last line', () => terminal.text().includes('\n200\r\n'))
  expect(terminal.text()).toContain(Array.from({ length: 200 }, (_, index) => `${index + 1}\r\n`).join(''))
  rmSync(dirname(printed), { recursive: true })
})

test('input is taken exactly once over connections, and a hole is refused', async () => {
  const terminal = await hosts.start(['/bin/sh', '-c', 'stty raw -echo; echo ready; exec cat'])
  terminal.watch()
  await said(terminal, 'ready')
  const typed = Buffer.from(Array.from({ length: 2_000 }, (_, index) => `${index} `).join(''))
  terminal.source.write('a', 0, typed.subarray(0, 3_000))
  await until('the first part was taken', () => terminal.source.accepted('a') === 3_000)
  terminal.source.write('a', 5_000, typed.subarray(5_000, 5_100))
  terminal.source.release()
  const [again] = await hosts.adopt()
  if (!again) throw new Error('not found')
  expect(again.source.accepted('a')).toBe(3_000)
  again.watch()
  // The client does not know what arrived: it sends again from before.
  for (let at = 2_000; at < typed.length; at += 1_000) again.source.write('a', at, typed.subarray(at, at + 1_500))
  await until('all was taken', () => again.source.accepted('a') === typed.length)
  await until('all was echoed', () => again.length() >= typed.length + 5)
  expect(
    again
      .text()
      .slice(again.text().indexOf('ready') + 5)
      .trim(),
  ).toBe(typed.toString().trim())
})

test('a program that does not read makes its writer wait, not the holder grow', async () => {
  const terminal = await hosts.start(['/bin/sh', '-c', 'stty raw -echo; echo ready; exec sleep 1000'])
  terminal.watch()
  await said(terminal, 'ready')
  const paste = Buffer.alloc(8 * 1024 * 1024, 'x')
  for (let at = 0; at < paste.length; at += 16_384) terminal.source.write('a', at, paste.subarray(at, at + 16_384))
  await quiet(() => terminal.source.accepted('a'))
  expect(terminal.source.accepted('a')).toBeLessThan(200_000)
  const memory = Number(/VmRSS:\s+(\d+)/.exec(status(terminal, 'status'))?.[1])
  expect(memory).toBeLessThan(80_000)
})

test('a program that ignores the hang-up is killed with everything in its session', async () => {
  const terminal = await hosts.start([
    '/bin/bash',
    '-c',
    'trap "" HUP; (trap "" HUP; sleep 1000) & echo up; wait; sleep 1000',
  ])
  terminal.watch()
  await said(terminal, 'up')
  const leader = terminal.source.status.program_pid ?? 0
  expect(sessionProcesses(leader).length).toBeGreaterThan(1)
  expect(await terminal.source.end({ force: false, graceMs: 100 })).toBe(false)
  expect(await terminal.source.end({ force: true, graceMs: 100 })).toBe(true)
  expect(sessionProcesses(leader)).toEqual([])
  await until('the end was told', () => terminal.source.status.state === 'ended')
})

test("flow control never undoes the user's own Ctrl-S", async () => {
  const terminal = await hosts.start(['/bin/bash', '-c', 'trap exit INT; while :; do echo running; sleep 0.002; done'])
  terminal.watch()
  await said(terminal, 'running')
  const stands = async () => {
    const before = await quiet(() => terminal.length())
    await new Promise((resolve) => setTimeout(resolve, 300))
    return terminal.length() === before
  }
  terminal.type('\x13')
  expect(await stands()).toBe(true)
  // Held and let go while the user has it stopped.
  terminal.source.hold(0)
  terminal.source.hold(null)
  expect(await stands()).toBe(true)
  let at = terminal.length()
  terminal.type('\x11')
  await until('it goes on', () => terminal.length() > at + 50)
  // Stopped by the user while it is held.
  terminal.source.hold(0)
  expect(await stands()).toBe(true)
  terminal.type('\x13')
  terminal.source.hold(null)
  expect(await stands()).toBe(true)
  at = terminal.length()
  terminal.type('\x11')
  await until('it goes on', () => terminal.length() > at + 50)
  // Stopped and started by the user while it is held.
  terminal.source.hold(0)
  terminal.type('\x13\x11')
  expect(await stands()).toBe(true)
  at = terminal.length()
  terminal.source.hold(null)
  await until('it goes on', () => terminal.length() > at + 50)
  terminal.type('\x03')
  await until('Ctrl-C ends it', () => terminal.source.status.state === 'ended')
})

test('a killed holder is told as an end, with the last picture that was stored', async () => {
  const terminal = await hosts.start(['/bin/bash', '-c', 'trap "" HUP; echo hello; while :; do sleep 1000; done'])
  terminal.watch()
  await said(terminal, 'hello')
  const snapshot = new TextEncoder().encode('hello')
  terminal.source.storeCheckpoint({ offset: 7, cols: 80, rows: 24, snapshot, sizes: [] })
  await until('it is on disk', () => existsSync(join(hosts.root, terminal.source.terminalId, 'checkpoint')))
  process.kill(terminal.source.status.host_pid, 'SIGKILL')
  await until('it was noticed', () => terminal.counts.lost === 1)
  const [left] = await hosts.adopt()
  expect(left?.source.status).toMatchObject({ state: 'ended', start_offset: 7, end_offset: 7 })
  expect(left?.source.status.reason).toContain('Still running: bash')
  expect(new TextDecoder().decode((await left?.source.basis())?.snapshot)).toBe('hello')
  for (const { pid } of sessionProcesses(terminal.source.status.program_pid ?? 0)) process.kill(pid, 'SIGKILL')
  left?.source.dismiss()
  await until('nothing is left', () => !existsSync(join(hosts.root, terminal.source.terminalId)))
})

test('what is on disk is private and names no environment', async () => {
  const env = { PATH: process.env.PATH ?? '', SECRET_OF_MINE: 'value-of-mine' }
  const terminal = await hosts.start(shell, { env })
  const directory = join(hosts.root, terminal.source.terminalId)
  expect(statSync(directory).mode & 0o777).toBe(0o700)
  expect(statSync(join(directory, 'host.json')).mode & 0o777).toBe(0o600)
  expect(statSync(join(directory, 'socket')).mode & 0o777).toBe(0o600)
  expect(readFileSync(join(directory, 'host.json'), 'utf8')).not.toContain('value-of-mine')
  expect(status(terminal, 'environ')).not.toContain('value-of-mine')
  expect(status(terminal, 'cmdline')).not.toContain('value-of-mine')
  terminal.watch()
  terminal.type('echo $SECRET_OF_MINE\r')
  await said(terminal, 'value-of-mine')
})

test('a record of another process that has the same id is not taken for the holder', async () => {
  const terminal = await hosts.start(shell)
  const file = join(hosts.root, terminal.source.terminalId, 'host.json')
  terminal.source.release()
  writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), started: '1' }))
  const [left] = await hosts.adopt()
  expect(left?.source.status.state).toBe('ended')
})

const hash = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
const status = (terminal: Recorded, file: string) =>
  readFileSync(`/proc/${terminal.source.status.host_pid}/${file}`, 'utf8')

/** Waits until a number has not changed for a while, and returns it. */
async function quiet(number: () => number): Promise<number> {
  let last = number()
  for (let still = 0; still < 30; still += 1) {
    await new Promise((resolve) => setTimeout(resolve, 10))
    if (number() !== last) still = 0
    last = number()
  }
  return last
}
