import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { testHosts, until } from '../testing-host.ts'
import { tmuxServerPath } from './commands.ts'

let hosts: ReturnType<typeof testHosts>
let server: string
/** The server itself, which a deleted socket would keep from being ended. */
let serverPid: number | null
beforeEach(() => {
  hosts = testHosts()
  serverPid = null
  server = tmuxServerPath(hosts.root, tmpdir())
})
afterEach(async () => {
  const { status } = tmux('kill-server')
  if (status !== 0 && serverPid !== null) process.kill(serverPid, 'SIGTERM')
  await hosts.dispose()
})

const tmux = (...args: string[]) => spawnSync('tmux', ['-S', server, ...args], { encoding: 'utf8' })
const layer = (session = 'work') => ({
  kind: 'tmux' as const,
  session,
  own: true as const,
  argv: ['/bin/bash', '--norc', '--noprofile'] as [string, ...string[]],
})
const start = (env: Record<string, string> = {}) =>
  hosts.start(['/bin/true'], {
    layer: layer(),
    env: { PATH: process.env.PATH ?? '', HOME: hosts.home, PS1: '$ ', LANG: 'C.UTF-8', ...env },
  })

test('a deleted socket of the server takes nothing away, and is there again for the next client', async () => {
  const terminal = await start()
  terminal.watch()
  terminal.type('echo be"fore"\r')
  await until('a shell', () => terminal.text().includes('before'))
  serverPid = Number(tmux('display-message', '-p', '#{pid}').stdout)
  rmSync(server)
  // The one that follows the session keeps its connection.
  terminal.type('echo af"ter"\r')
  await until('the session goes on', () => terminal.text().includes('after'))
  // A holder that is killed now is replaced: the server is told to make its socket again.
  process.kill(terminal.source.status.host_pid, 'SIGKILL')
  await until('it was noticed', () => terminal.counts.lost === 1)
  const [again] = await hosts.adopt()
  if (!again) throw new Error('not found')
  expect(again.source.status.state).toBe('running')
  again.watch()
  again.type('echo and-"on"\r')
  await until('it is the same session', () => again.text().includes('and-on\r\n'))
  expect(existsSync(server)).toBe(true)
}, 30_000)

test('tmux that is missing or too old is refused with what to do', async () => {
  const bin = join(hosts.home, 'bin')
  mkdirSync(bin)
  for (const name of ['bash', 'sh']) symlinkSync(`/bin/${name}`, join(bin, name))
  await expect(start({ PATH: bin })).rejects.toThrow(
    expect.objectContaining({
      code: 'VALIDATION_FAILED',
      message: expect.stringContaining('Install tmux 3.2 or newer'),
    }),
  )
  writeFileSync(join(bin, 'tmux'), '#!/bin/sh\necho "tmux 2.9a"\n')
  chmodSync(join(bin, 'tmux'), 0o755)
  await expect(start({ PATH: bin })).rejects.toThrow('tmux 2.9a is too old. Install tmux 3.2 or newer.')
  expect(await hosts.launcher.adopt()).toEqual([])
})

test('a session that is followed again has the environment of its start', async () => {
  const terminal = await start({ FROM_START: 'kept', LANG: 'C.UTF-8' })
  terminal.watch()
  terminal.type('echo re"ady"\r')
  await until('a shell', () => terminal.text().includes('ready'))
  process.kill(terminal.source.status.host_pid, 'SIGKILL')
  await until('it was noticed', () => terminal.counts.lost === 1)
  const [again] = await hosts.adopt()
  if (!again) throw new Error('not found')
  const told = tmux('show-environment', '-t', '=work').stdout
  expect(told).toContain('FROM_START=kept')
  expect(told).toContain(`PILOT_TERMINAL_ID=${terminal.source.terminalId}`)
  expect(told).toContain('LANG=C.UTF-8')
  // A person who opens it elsewhere changes nothing of it.
  const elsewhere = spawnSync('tmux', ['-S', server, '-C', 'attach-session', '-t', '=work'], {
    env: { TERM: 'dumb' },
    input: '',
  })
  expect(elsewhere.status).toBe(0)
  expect(tmux('show-environment', '-t', '=work').stdout).toBe(told)
}, 30_000)
