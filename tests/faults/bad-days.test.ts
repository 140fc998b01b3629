import { spawnSync } from 'node:child_process'
import { readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { newId } from '@pilot/domain/ids'
import type { TerminalClient } from '@pilot/frontend/terminal/port'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { FaultReport } from '../support/fault-report.ts'
import { FaultWorld } from '../support/fault-world.ts'
import { LineStream } from '../support/line-stream.ts'
import { until } from '../support/pilot.ts'
import { descriptors, processesOf, residentMiB } from '../support/processes.ts'
import { keptKeys } from '../support/programs.ts'
import { SEED, seeded } from '../support/random.ts'
import { CountingScreen, HeadlessScreen } from '../support/screens.ts'

/** Bad input and bad days of single terminals: a code or a true state for the one, nothing for its neighbours. */
const random = seeded(SEED)
const canary = `canary${Math.floor(random.next() * 1e15)}`
let world: FaultWorld
let neighbour: { client: TerminalClient; screen: CountingScreen }

async function shell(tab = world.tab()): Promise<{ client: TerminalClient; screen: CountingScreen }> {
  const screen = new CountingScreen()
  const client = tab.attach(await world.openTerminal(), screen)
  await until('the terminal to be live', () => client.get().phase === 'live')
  client.input('stty -echo; PS1=; echo re""ady\r')
  await until('the shell', () => screen.tail.includes('ready'))
  return { client, screen }
}
let marks = 0
async function answers({ client, screen }: typeof neighbour): Promise<void> {
  const mark = `mark-${marks++}.`
  client.input(`echo "mark"-${mark.slice(5)}\r`)
  await until(`the answer ${mark}`, () => screen.tail.includes(mark), 20_000)
}

beforeAll(async () => {
  world = await FaultWorld.start(random, { PILOT_LOG_LEVEL: 'trace' })
  neighbour = await shell()
})
afterAll(async () => {
  await world?.stop()
})

const create = (body: object) => world.browser.post(world.path('terminal'), { id: newId('terminal'), ...body })

describe(`bad input (seed ${SEED})`, () => {
  it.each([
    ['a size of nothing', { cols: 0, rows: 0 }, 'VALIDATION_FAILED'],
    ['a size beyond all', { cols: 65_535, rows: 65_535 }, 'VALIDATION_FAILED'],
    ['a shell that is not there', { launch: { kind: 'shell', shell: 'no-such-shell' } }, 'VALIDATION_FAILED'],
    ['a directory that is not there', { cwd: 'no/such/directory' }, 'NOT_FOUND'],
    ['a directory outside', { cwd: '../..' }, 'PATH_OUTSIDE_WORKSPACE'],
    ['an unknown field', { command: 'rm' }, 'VALIDATION_FAILED'],
  ])('%s is refused with a code', async (_, body, code) => {
    const before = world.hosts().length
    const answer = await create(body)
    expect(answer.body).toMatchObject({ error: { code } })
    expect(world.hosts().length).toBe(before)
    await answers(neighbour)
  })

  it('a size of nothing, or beyond all, on the link changes nothing', async () => {
    const socket = await world.browser.socket(world.path('ws'))
    const terminal_id = neighbour.client.id
    for (const size of [0, -1, 65_535, 1e9]) {
      const seen = socket.messages.length
      socket.send({ type: 'terminal.resize', terminal_id, cols: size, rows: size })
      await until('the refusal', () => socket.messages.slice(seen).some(({ code }) => code === 'VALIDATION_FAILED'))
    }
    await socket.close()
    expect(await world.terminal(terminal_id)).toMatchObject({ cols: 80, rows: 24 })
    await answers(neighbour)
  })

  it('a terminal of another workspace is not there', async () => {
    const other = await world.addWorkspace('other')
    const tab = world.tab(world.tabs, world.browser, other)
    const screen = new CountingScreen()
    const client = tab.attach(neighbour.client.id, screen)
    await until('the refusal', () => client.get().phase === 'refused')
    expect(client.get().error).toMatchObject({ code: 'NOT_FOUND' })
    client.input('echo intruder\r')
    const path = `${world.path('terminal', other)}/${neighbour.client.id}`
    for (const [method, rest] of [
      ['GET', ''],
      ['GET', '/snapshot'],
      ['DELETE', '?force=1'],
      ['POST', '/reopen'],
    ] as const)
      expect([method + rest, (await world.browser.fetch(path + rest, { method })).status]).toEqual([method + rest, 404])
    await answers(neighbour)
    expect([screen.bytes, neighbour.screen.tail.includes('intruder')]).toEqual([0, false])
    tab.close()
  })

  it('a paste of 50 MB is streamed, can be stopped, and takes no memory', async () => {
    const file = join(world.home, 'pasted')
    const { client, screen } = await shell()
    client.input(`${keptKeys(file)}\r`)
    await until('the program', () => screen.tail.includes('READY'))
    const daemon = () => residentMiB(world.daemon.pid) + residentMiB(world.gateway.pid)
    const before = daemon()
    const text = 'pasted text of sixteen. '.repeat(Math.ceil(50_000_000 / 24))
    expect(client.paste(text)).toBe(true)
    const size = () => statSync(file, { throwIfNoEntry: false })?.size ?? 0
    await until('the first megabyte', () => size() > 1_000_000)
    expect(client.get().paste).toMatchObject({ total: text.length })
    client.stopPaste()
    await until('the paste to be over', () => client.get().paste === null)
    client.input('|end|')
    await until('what was typed after it', () => readFileSync(file, 'utf8').endsWith('|end|'))
    const kept = readFileSync(file, 'utf8').slice(0, -5)
    expect(kept.length).toBeLessThan(text.length)
    expect(text.startsWith(kept)).toBe(true)
    expect(daemon() - before).toBeLessThan(64)
    // A smaller one arrives whole.
    const whole = text.slice(0, 2_000_000)
    expect(client.paste(whole)).toBe(true)
    await until('the whole paste', () => size() === kept.length + 5 + whole.length)
    expect(readFileSync(file, 'utf8').slice(kept.length + 5)).toBe(whole)
    await world.closeTerminal(client.id)
  })

  it('invalid UTF-8 and a title of a megabyte harm nothing', async () => {
    const screen = new HeadlessScreen(80, 24)
    const tab = world.tab()
    const client = tab.attach(await world.openTerminal(), screen)
    await until('the terminal to be live', () => client.get().phase === 'live')
    client.input('stty -echo; PS1=; printf "\\xff\\xfe\\xc3(\\xf0\\x9f ok\\n"\r')
    client.input('printf "\\033]0;%01000000d\\007" 7; printf "\\033]2;short\\007"; printf "do%s\\n" ne\r')
    await until('the end', () => screen.text().includes('done'))
    expect(screen.text()).toContain(' ok')
    await until('the title', () => client.get().status?.title === 'short')
    client.input('printf "\\033]0;%0100000d\\007" 7\r')
    await until('the long title', () => (client.get().status?.title.length ?? 0) > 10)
    expect(client.get().status?.title.length).toBeLessThanOrEqual(256)
    await world.closeTerminal(client.id)
    await answers(neighbour)
    tab.close()
  })

  it('a program that ignores hang-ups is told of, and ended by force', async () => {
    const { client, screen } = await shell()
    client.input(
      `exec ${process.execPath} -e "process.on('SIGHUP',()=>{});setInterval(()=>{},1e6);console.log('deaf')"\r`,
    )
    await until('the program', () => screen.tail.includes('deaf'))
    const path = `${world.path('terminal')}/${client.id}`
    const polite = await world.browser.json(path, { method: 'DELETE' })
    expect(polite).toMatchObject({ status: 409, body: { error: { code: 'CONFLICT' } } })
    expect((await world.terminal(client.id)).state).toBe('running')
    const deaf = () => processesOf(world.home).filter((pid) => commandOf(pid).includes('SIGHUP'))
    expect(deaf()).toHaveLength(1)
    await world.closeTerminal(client.id)
    await until('it to be gone', () => deaf().length === 0)
    await answers(neighbour)
  })

  it('with no descriptors left a new terminal is refused, the others go on', async () => {
    const { pid } = world.daemon
    const [, before = '1024'] = /Max open files\s+(\d+)/.exec(readFileSync(`/proc/${pid}/limits`, 'utf8')) ?? []
    const limit = (max: number | string) =>
      spawnSync('prlimit', ['--pid', String(pid), `--nofile=${max}:`], { encoding: 'utf8' }).stderr
    try {
      expect(limit(descriptors(pid) + 2)).toBe('')
      const answer = await create({})
      expect(answer.status).toBeGreaterThanOrEqual(500)
      expect(answer.body).toMatchObject({ error: { code: expect.stringMatching(/^(RUNTIME_ERROR|LIMIT_REACHED)$/) } })
      await answers(neighbour)
    } finally {
      limit(before)
    }
    const { client } = await shell()
    await world.closeTerminal(client.id)
  })
})

describe('bad days', () => {
  it('F16: a host that was killed: its terminal says so, its picture stays, the others go on', async () => {
    const report = new FaultReport('F16', 'host of a terminal killed')
    for (let run = 0; run < 3; run++) {
      const hosts = new Set(world.hosts())
      const tab = world.tab()
      const stream = await LineStream.start(world, tab, { count: 100_000, bytesPerSecond: 200_000 })
      const [host] = world.hosts().filter((pid) => !hosts.has(pid))
      if (!host) throw new Error('the terminal has no host of its own')
      const began = performance.now()
      process.kill(host, 'SIGKILL')
      await until('the terminal to say so', () => stream.client.get().status?.state !== 'running')
      report.run(stream.screen.lines.outcome, { detect: performance.now() - began })
      expect(stream.client.get().status?.reason).toMatch(/\w/)
      expect(stream.client.get().writable).toBe(false)
      expect((await world.terminal(stream.id)).state).toMatch(/error|lost|ended/)
      // What this tab has is still there; a new one is told the same and shown what is kept.
      expect(stream.screen.lines.seen).toBeGreaterThan(0)
      const late = world.tab().attach(stream.id, new CountingScreen())
      await until(
        'the late one to be told',
        () => late.get().phase === 'refused' || ![undefined, 'running'].includes(late.get().status?.state),
      )
      await answers(neighbour)
      tab.close()
      await world.closeTerminal(stream.id)
    }
    report.leaked = processesOf(world.home).filter((pid) => commandOf(pid).includes('lines.mjs')).length
    report.finish()
  })

  it('F17: the socket of the tmux server is deleted: recovered, or said', async () => {
    const report = new FaultReport('F17', 'socket of tmux deleted')
    const answer = await create({ source: 'tmux' })
    expect(answer.status).toBe(201)
    const id = String(answer.body.id) as typeof neighbour.client.id
    const screen = new CountingScreen()
    const tab = world.tab()
    const client = tab.attach(id, screen)
    await until('the terminal to be live', () => client.get().phase === 'live')
    client.input('echo be""fore\r')
    await until('the shell', () => screen.tail.includes('before'))
    const sockets = tmuxSockets()
    expect(sockets.length).toBeGreaterThan(0)
    for (const socket of sockets) rmSync(socket, { force: true })
    client.input('echo af""ter\r')
    const began = performance.now()
    await until('it to go on, or to say that it cannot', () => {
      return screen.tail.includes('after') || client.get().status?.state !== 'running'
    })
    report.run({}, { recover: performance.now() - began })
    report.figures.state = client.get().status?.state ?? 'unknown'
    await answers(neighbour)
    await world.closeTerminal(id)
    tab.close()
    report.finish()
  })

  it('the text of a terminal is in no log', async () => {
    const { client, screen } = await shell()
    client.input(`echo ${canary}; printf "\\033]0;${canary}\\007"\r`)
    await until('the text', () => screen.tail.includes(canary))
    // With a cut and a stop in between, when most is logged.
    world.tabs.cut()
    world.machine.cut()
    await until('the terminal again', () => client.get().phase === 'live')
    client.input(`echo ${canary}\r`)
    await answers({ client, screen })
    expect(world.logs()).toContain('level')
    expect(world.logs()).not.toContain(canary)
    await world.closeTerminal(client.id)
  })
})

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
  } catch {
    return ''
  }
}

/** Sockets of the tmux servers that belong to this world. */
function tmuxSockets(): string[] {
  const text = readFileSync('/proc/net/unix', 'utf8')
  return [...text.matchAll(/ (\/\S+)$/gm)]
    .map((match) => match[1] ?? '')
    .filter((path) => /tmux/.test(path) && path.includes(world.home))
}
