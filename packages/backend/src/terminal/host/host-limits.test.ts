import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { RING_MAX } from './limits.ts'
import { bun, hostEntry, type Recorded, testHosts, until } from './testing-host.ts'

let hosts: ReturnType<typeof testHosts>
beforeEach(() => {
  hosts = testHosts()
})
afterEach(() => hosts.dispose())

const shell = ['/bin/bash', '--norc', '--noprofile'] as [string, ...string[]]
const said = (terminal: Recorded, text: string) => until(text, () => terminal.text().includes(text))
const residentBytes = (terminal: Recorded) =>
  1024 * Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${terminal.source.status.host_pid}/status`, 'utf8'))?.[1])

/** Resident memory once the ring is full, and after so much more output. */
async function growth(terminal: Recorded, bytes: number): Promise<number> {
  const produced = () => terminal.source.status.end_offset
  await until('a full ring', () => produced() > 2 * RING_MAX)
  const before = residentBytes(terminal)
  const from = produced()
  await until('more output', () => produced() > from + bytes)
  return residentBytes(terminal) - before
}

test('a machine that has no descriptor left refuses with what to do, and running terminals go on', async () => {
  const running = await hosts.start(shell)
  running.watch()
  const refusals = new Set<string>()
  for (const limit of [8, 10, 12, 14, 16, 18, 20]) {
    const starved = testHosts(['/bin/sh', '-c', `ulimit -n ${limit}; exec "$0" "$@"`, bun, hostEntry])
    try {
      const terminal = await starved.start(shell)
      // Enough for this one: then it is a whole terminal.
      terminal.watch()
      terminal.type('echo wh"ole"\r')
      await said(terminal, 'whole')
    } catch (error) {
      const { code, message } = error as { code: string; message: string }
      expect(code).toBe('RUNTIME_ERROR')
      refusals.add(message)
      expect(await starved.launcher.adopt()).toEqual([])
    } finally {
      await starved.dispose()
    }
  }
  expect(refusals.size).toBeGreaterThan(0)
  for (const message of refusals) expect(message).toMatch(/Try again\.|try again\./)
  running.type('echo still-"here"\r')
  await said(running, 'still-here')
}, 60_000)

test('many terminals at once are whole and do not disturb each other', async () => {
  const terminals = await Promise.all(Array.from({ length: 12 }, () => hosts.start(shell)))
  for (const [index, terminal] of terminals.entries()) {
    terminal.watch()
    terminal.type(`echo number-"${index}"-; exit ${index}\r`)
  }
  for (const [index, terminal] of terminals.entries()) {
    await said(terminal, `number-${index}-`)
    await until('it ended', () => terminal.source.status.state === 'ended')
    expect(terminal.source.status.exit_code).toBe(index)
  }
}, 60_000)

test('a flood that nobody reads costs the ring and no more', async () => {
  const terminal = await hosts.start(['/usr/bin/yes'])
  expect(await growth(terminal, 12_000_000)).toBeLessThan(12_000_000)
}, 60_000)

test('a flood that somebody reads slowly costs the ring and no more', async () => {
  const terminal = await hosts.start(['/usr/bin/yes'])
  terminal.source.follow(0)
  let credit = 0
  const timer = setInterval(() => {
    credit = Math.max(credit, terminal.source.status.start_offset) + 1_000
    terminal.source.credit(credit)
  }, 20)
  try {
    expect(await growth(terminal, 12_000_000)).toBeLessThan(12_000_000)
    expect(terminal.counts.gaps).toBeGreaterThan(0)
  } finally {
    clearInterval(timer)
  }
}, 60_000)

test('of two that fight over the size the last one wins, and both are told the same in the same places', async () => {
  const first = await hosts.start(shell)
  const second = await hosts.client(first.source.terminalId)
  first.watch()
  second.watch()
  await until('a prompt', () => first.length() > 0 && second.length() > 0)
  first.type('trap "" WINCH; until [ -e stop ]; do echo line; sleep 0.001; done\r')
  await said(first, 'line\r\nline')
  for (let i = 0; i < 300; i += 1) {
    const { source } = i % 2 ? first : second
    source.resize(40 + (i % 7), 10 + (i % 5))
    // A question's answer comes after everything that was said before it.
    if (i % 10 === 9) await source.basis()
  }
  await second.source.basis()
  first.source.resize(77, 22)
  await until('the last size', () => first.sizes.at(-1)?.cols === 77 && second.sizes.at(-1)?.cols === 77)
  expect(second.sizes.at(-1)).toEqual(first.sizes.at(-1))
  for (const { sizes } of [first, second]) {
    const offsets = sizes.map(({ offset }) => offset)
    expect(offsets).toEqual([...offsets].sort((a, b) => a - b))
  }
  // What one was told at an offset where another size follows is replaced by that one.
  const places = (of: Recorded) => new Map(of.sizes.map(({ offset, cols, rows }) => [offset, `${cols}x${rows}`]))
  const [mine, theirs] = [places(first), places(second)]
  for (const [offset, size] of mine) if (theirs.has(offset)) expect(theirs.get(offset)).toBe(size)
  writeFileSync(join(hosts.home, 'stop'), '')
  first.type('stty size\r')
  await said(first, '22 77')
})

test('a program that reads late gets everything that was typed meanwhile, in order', async () => {
  const terminal = await hosts.start([
    '/bin/sh',
    '-c',
    'stty raw -echo; echo ready; until [ -e go ]; do sleep 0.05; done; head -c 250000 | cksum',
  ])
  terminal.watch()
  await said(terminal, 'ready')
  const paste = Buffer.from(Array.from({ length: 50_000 }, (_, index) => `${index % 10_000}`.padStart(5)).join(''))
  for (let at = 0; at < paste.length; at += 16_384) terminal.source.write('a', at, paste.subarray(at, at + 16_384))
  // The kernel has taken what it can.
  await until('a part was taken', () => terminal.source.accepted('a') > 0)
  expect(terminal.source.accepted('a')).toBeLessThan(100_000)
  writeFileSync(join(hosts.home, 'go'), '')
  await until('all of it was taken', () => terminal.source.accepted('a') === paste.length)
  const { stdout } = spawnSync('cksum', { input: paste, encoding: 'utf8' })
  await said(terminal, stdout.trim())
})
