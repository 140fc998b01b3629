import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { processStart } from '../process-start.ts'
import { testHosts, until } from '../testing-host.ts'
import { tmuxServerPath } from './commands.ts'
import { exitStatus } from './exit-file.ts'

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
const start = (argv: [string, ...string[]]) =>
  hosts.start(['/bin/true'], { layer: { kind: 'tmux', session: 'work', own: true, argv } })

test('only what a shell writes is a status', () => {
  expect(['0', '7', '255'].map(exitStatus)).toEqual([0, 7, 255])
  expect(['', '256', '-1', '7\n7', 'seven', '1e2'].map(exitStatus)).toEqual(Array(6).fill(null))
})

test('the exit code of a program in tmux is known, also of one that a signal ended', async () => {
  for (const [last, code] of [
    ['exit 7', 7],
    ['exit 0', 0],
    ['kill -KILL $$', 137],
  ] as const) {
    const terminal = await start(['/bin/bash', '--norc', '--noprofile'])
    terminal.watch()
    terminal.type('echo re"ady"\r')
    await until('a shell', () => terminal.text().includes('ready'))
    // Keys that the terminal turns into signals are the program's affair.
    terminal.type('sleep 100\r')
    await until('a program in the foreground', () => terminal.source.status.process === 'sleep')
    // The one that was asked for, where somebody looks for its directory; not the shell that started it.
    expect(readFileSync(`/proc/${terminal.source.status.program_pid}/comm`, 'utf8')).toBe('bash\n')
    terminal.type(`\x03\x03${last}\r`)
    await until('it ended', () => terminal.source.status.state === 'ended')
    expect(terminal.source.status).toMatchObject({ exit_code: code, reason: null })
    expect(tmux('has-session', '-t', '=work').status).not.toBe(0)
    terminal.source.dismiss()
    terminal.source.release()
  }
}, 30_000)

test('a program that is no shell has its own name, gets its signals and keeps its arguments', async () => {
  const script = 'trap "exit 5" INT; echo "$1|$2"; while :; do sleep 0.05; done'
  const terminal = await start(['/bin/bash', '-c', script, 'bash', `two words; "'$HOME`, ''])
  terminal.watch()
  await until('its arguments', () => terminal.text().includes(`two words; "'$HOME|`))
  await until('its name', () => ['bash', 'sleep'].includes(terminal.source.status.process))
  terminal.type('\x03')
  await until('it ended', () => terminal.source.status.state === 'ended')
  // Its own answer to the signal, which the shell that waits for it got, too.
  expect(terminal.source.status.exit_code).toBe(5)
})

test('a program that ends while nobody holds its session has an exit code, too', async () => {
  const terminal = await start(['/bin/bash', '--norc', '--noprofile'])
  process.kill(terminal.source.status.host_pid, 'SIGKILL')
  await until('it was noticed', () => terminal.counts.lost === 1)
  tmux('send-keys', '-t', '=work:', 'exit 9', 'Enter')
  await until('it ended', () => tmux('has-session', '-t', '=work').status !== 0)
  const [again] = await hosts.adopt()
  expect(again?.source.status).toMatchObject({ state: 'ended', exit_code: 9, reason: null })
})

test('of a session that somebody ends from elsewhere nothing is known, nor of one of before', async () => {
  const terminal = await start(['/bin/sleep', '1000'])
  const program = terminal.source.status.program_pid ?? 0
  expect(processStart(program)).not.toBeNull()
  tmux('kill-server')
  await until('it ended', () => terminal.source.status.state === 'ended')
  expect(terminal.source.status.exit_code).toBeNull()
  // It is told that its terminal is gone.
  await until('its program is gone', () => processStart(program) === null)
  // As a version of before started it: without anything that writes a status.
  tmux('-f', '/dev/null', 'new-session', '-d', '-s', 'work', '--', '/bin/bash', '--norc', '--noprofile')
  const old = await start(['/bin/false'])
  old.watch()
  old.type('exit 3\r')
  await until('it ended', () => old.source.status.state === 'ended')
  expect(old.source.status.exit_code).toBeNull()
}, 20_000)
