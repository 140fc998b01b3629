import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { openNodeSqlite } from '@pilot/domain/sqlite/node-sqlite'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { removeDirectory, tempDirectory, until } from '../test-support.ts'
import { findBinary } from './binary.ts'
import type { Connection } from './client.ts'
import { bootId, processStart } from './process-info.ts'
import { readEngineRecord } from './record.ts'
import { DEFAULT_TIMING, Supervisor, type SupervisorTiming } from './supervisor.ts'

/** Programs that stand in for OpenCode; each is a script of this file's temporary directory. */
let directory: string
let root: string
let supervisors: Supervisor[] = []
let ups: { connection: Connection; how: string }[] = []
let downs: string[] = []
let idleMs = 0

beforeEach(() => {
  directory = tempDirectory('pilot-supervisor')
  root = join(directory, 'engine')
  supervisors = []
  ups = []
  downs = []
  idleMs = 0
})

afterEach(async () => {
  for (const supervisor of supervisors) await supervisor.stop({ keep: false })
  removeDirectory(directory)
})

const HEALTHY = `
const { createServer } = require('node:http')
const fs = require('node:fs')
fs.appendFileSync(process.env.PILOT_ENGINE_ROOT + '/starts', process.pid + '\\n')
fs.writeFileSync(process.env.PILOT_ENGINE_ROOT + '/env.json', JSON.stringify(process.env))
const expected = 'Basic ' + Buffer.from('opencode:' + process.env.OPENCODE_SERVER_PASSWORD).toString('base64')
const server = createServer((request, response) => {
  const ok = request.headers.authorization === expected
  response.writeHead(ok ? 200 : 401, { 'content-type': 'application/json' })
  if (request.url === '/global/dispose') fs.appendFileSync(process.env.PILOT_ENGINE_ROOT + '/disposed', 'x')
  response.end(JSON.stringify({ healthy: true, version: '1.18.33' }))
}).listen(Number(process.argv[process.argv.indexOf('--port') + 1]), '127.0.0.1', () => console.log('opencode server listening on http://127.0.0.1:' + server.address().port))
`

function program(name: string, body: string): { path: string; version: string } {
  const path = join(directory, name)
  writeFileSync(path, `#!${process.execPath}\n${body}`)
  chmodSync(path, 0o755)
  return { path, version: '1.18.33' }
}

function supervise(binary: { path: string; version: string } | undefined, timing: Partial<SupervisorTiming> = {}) {
  const supervisor = new Supervisor({
    root,
    model: { url: 'http://127.0.0.1:1', token: 'token' },
    identity: { name: 'Ann', email: 'ann@example.test' },
    openDatabase: openNodeSqlite,
    env: { PATH: process.env.PATH, SECRET_KEY: 'never passed on' },
    ...(binary ? { binary } : {}),
    timing: {
      ...DEFAULT_TIMING,
      healthEveryMs: 60_000,
      startTimeoutMs: 10_000,
      probeTimeoutsMs: [500, 1_000],
      backoffMs: [1],
      ...timing,
    },
    onUp: async (connection, how) => {
      ups.push({ connection, how })
    },
    onDown: (message) => downs.push(message),
    isBusy: () => false,
    idleMs: () => idleMs,
    log: () => undefined,
  })
  supervisors.push(supervisor)
  return supervisor
}

const starts = () => {
  const file = join(root, 'starts')
  return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n').map(Number) : []
}

describe('supervisor', { timeout: 120_000 }, () => {
  test('starts one process for all who ask, in a private environment', async () => {
    const supervisor = supervise(program('healthy', HEALTHY))
    const [first, second] = await Promise.all([supervisor.ensureStarted(), supervisor.ensureStarted()])
    expect(first).toBe(second)
    expect(starts()).toEqual([first?.pid])
    const env = JSON.parse(readFileSync(join(root, 'env.json'), 'utf8'))
    expect(env).not.toHaveProperty('SECRET_KEY')
    expect(env).toMatchObject({ HOME: join(root, 'home'), OPENCODE_DISABLE_MODELS_FETCH: '1', LANG: 'C.UTF-8' })
    expect(env.PATH).toContain('ripgrep')
    const identity = { env: { PATH: process.env.PATH, HOME: env.HOME }, encoding: 'utf8' } as const
    expect(execFileSync('git', ['config', '--global', '--list'], identity)).toBe(
      'user.name=Ann\nuser.email=ann@example.test\n',
    )
    // Neither the well-known port nor 0, which leads to that one first.
    expect(first?.port).toBeGreaterThan(1_023)
    expect(first?.port).not.toBe(4_096)
    await supervisor.stop({ keep: false })
    expect(await processStart(first?.pid ?? 0)).toBeNull()
    expect(existsSync(join(root, 'disposed'))).toBe(true)
    expect(await readEngineRecord(root)).toBeNull()
  })

  test('says that the program is missing, or of another generation', async () => {
    const path = join(directory, 'bin')
    await mkdir(path)
    const other = program('bin/opencode', `console.log('2.1.4')`)
    await expect(findBinaryWithoutPackage({ PATH: path })).rejects.toMatchObject({
      code: 'AGENT_NOT_INSTALLED',
      message: expect.stringContaining('2.1.4'),
    })
    await expect(findBinaryWithoutPackage({ PATH: join(directory, 'empty') })).rejects.toMatchObject({
      code: 'AGENT_NOT_INSTALLED',
    })
    await expect(findBinaryWithoutPackage({ PILOT_OPENCODE_BIN: join(directory, 'absent') })).rejects.toMatchObject({
      code: 'AGENT_NOT_INSTALLED',
    })
    writeFileSync(other.path, `#!${process.execPath}\nconsole.log('1.18.30')`)
    expect(await findBinaryWithoutPackage({ PATH: path })).toEqual({ path: other.path, version: '1.18.30' })
    expect((await findBinary({})).version).toBe('1.18.33')
  })

  test('gives up after three ends at the start, and tries again when asked again', async () => {
    const binary = program('crash', `console.error('cannot open database'); process.exit(3)`)
    const supervisor = supervise(binary)
    await expect(supervisor.ensureStarted()).rejects.toMatchObject({ code: 'AGENT_UNAVAILABLE' })
    expect(supervisor.health()).toMatchObject({ status: 'failed', detail: expect.stringContaining('three times') })
    writeFileSync(binary.path, `#!${process.execPath}\n${HEALTHY}`)
    await supervisor.ensureStarted()
    expect(supervisor.health().status).toBe('ok')
  })

  test('ends a process that hangs at its start', async () => {
    const binary = program(
      'hang',
      `require('node:fs').writeFileSync(process.env.PILOT_ENGINE_ROOT + '/starts', String(process.pid)); setInterval(() => {}, 1000)`,
    )
    const supervisor = supervise(binary, { startTimeoutMs: 1_500 })
    await expect(supervisor.ensureStarted()).rejects.toMatchObject({ message: expect.stringContaining('hung') })
    expect(starts()).toHaveLength(1)
    expect(await processStart(starts()[0] ?? 0)).toBeNull()
    expect(supervisor.health().status).toBe('failed')
  })

  test('a crash loop of a running engine ends in failed', async () => {
    const supervisor = supervise(program('short', `${HEALTHY}\nsetTimeout(() => process.exit(1), 300)`))
    await supervisor.ensureStarted()
    await until('failed', () => supervisor.health().status === 'failed')
    expect(downs).toEqual([
      expect.stringContaining('started again'),
      expect.stringContaining('started again'),
      expect.stringMatching(/three times.*Send the prompt again/),
    ])
    expect(starts()).toHaveLength(3)
    expect(supervisor.health().detail).toBe(downs[2])
    // The next prompt is the retry that was offered.
    await supervisor.ensureStarted()
    expect(starts()).toHaveLength(4)
  })

  test('lets a process that is only slow go on, and ends one that never answers again', async () => {
    // Begins to work without a pause when it is told to, and ends the work after so many milliseconds.
    const busy = `${HEALTHY}
process.on('SIGUSR2', () => {
  const end = Date.now() + Number(fs.readFileSync(process.env.PILOT_ENGINE_ROOT + '/busy', 'utf8'))
  while (Date.now() < end);
  fs.appendFileSync(process.env.PILOT_ENGINE_ROOT + '/rested', 'x')
})`
    const supervisor = supervise(program('busy', busy), {
      healthEveryMs: 50,
      probeTimeoutsMs: [100, 100],
      busySilenceMs: 6_000,
    })
    const { pid } = await supervisor.ensureStarted()
    writeFileSync(join(root, 'busy'), '2000')
    process.kill(pid, 'SIGUSR2')
    await until('the end of the work', () => existsSync(join(root, 'rested')))
    expect([downs, starts()]).toEqual([[], [pid]])
    writeFileSync(join(root, 'busy'), '600000')
    process.kill(pid, 'SIGUSR2')
    await until('a fresh process', () => starts().length === 2 && supervisor.health().status === 'ok')
    expect(await processStart(pid)).toBeNull()
  })

  test('takes over the process of a previous runtime, and ends it when the model endpoint has changed', async () => {
    const binary = program('healthy', HEALTHY)
    const first = supervise(binary)
    const { pid } = await first.ensureStarted()
    await first.stop({ keep: true })
    const second = supervise(binary)
    expect(await second.adopt()).toBe(true)
    expect(ups.at(-1)).toMatchObject({ how: 'adopted', connection: { pid } })
    await second.stop({ keep: true })

    const record = JSON.parse(readFileSync(join(root, 'engine.json'), 'utf8'))
    writeFileSync(join(root, 'engine.json'), JSON.stringify({ ...record, model_token: 'another' }))
    const third = supervise(binary)
    expect(await third.adopt()).toBe(false)
    expect(third.health().status).toBe('idle')
    expect(await processStart(pid)).toBeNull()
    expect((await third.ensureStarted()).pid).not.toBe(pid)
  })

  test('never touches a process that only has the recorded pid', async () => {
    const supervisor = supervise(program('healthy', HEALTHY))
    await mkdir(root, { recursive: true })
    writeFileSync(
      join(root, 'engine.json'),
      JSON.stringify({
        pid: process.pid,
        started: '1',
        boot_id: await bootId(),
        port: 1,
        password: 'x',
        version: '1.18.33',
        model_url: 'http://127.0.0.1:1',
        model_token: 'token',
      }),
    )
    // A wrong decision would end this very process.
    expect(await supervisor.adopt()).toBe(false)
    expect(await readEngineRecord(root)).toBeNull()
  })

  test('notices the end of an adopted process, and ends what a dead one left running', async () => {
    // Unlike any other on this machine.
    const seconds = `345.${process.pid}`
    const binary = program(
      'leaving',
      `${HEALTHY}\nrequire('node:child_process').spawn('sleep', ['${seconds}'], { detached: true, stdio: 'ignore' }).unref()`,
    )
    const first = supervise(binary)
    const { pid } = await first.ensureStarted()
    await first.stop({ keep: true })
    const second = supervise(binary, { healthEveryMs: 100 })
    await second.adopt()
    process.kill(pid, 'SIGKILL')
    await until('down', () => downs.length === 1)
    await until('restarted', () => second.health().status === 'ok')
    await second.stop({ keep: false })
    expect(execFileSync('ps', ['-eo', 'args']).toString()).not.toContain(`sleep ${seconds}`)
  })

  test('ends an idle process that holds much memory, and starts a fresh one on demand', async () => {
    const supervisor = supervise(program('healthy', HEALTHY), {
      healthEveryMs: 50,
      recycleIdleMs: 1_000,
      recycleAboveBytes: 1,
    })
    const { pid } = await supervisor.ensureStarted()
    idleMs = 2_000
    await until('recycled', () => supervisor.health().status === 'idle')
    idleMs = 0
    expect((await supervisor.ensureStarted()).pid).not.toBe(pid)
    expect(await processStart(pid)).toBeNull()
    expect(downs).toEqual([])
  })

  test('ends an idle process whose database has grown, and prunes it before the next start', async () => {
    const supervisor = supervise(program('healthy', HEALTHY), {
      healthEveryMs: 50,
      recycleIdleMs: 1_000,
      pruneAboveBytes: 1_000_000,
    })
    const { pid } = await supervisor.ensureStarted()
    const file = join(root, 'data', 'opencode', 'opencode.db')
    await mkdir(join(root, 'data', 'opencode'), { recursive: true })
    const db = openNodeSqlite(file)
    db.exec('pragma journal_mode = wal')
    db.exec('create table session (id text); create table event (data text)')
    db.exec("insert into session values ('ses_1')")
    db.exec('insert into event select hex(zeroblob(500000)) from (values (1), (2), (3))')
    db.close()
    const before = statSync(file).size
    idleMs = 2_000
    await until('recycled', () => supervisor.health().status === 'idle')
    idleMs = 0
    expect((await supervisor.ensureStarted()).pid).not.toBe(pid)
    const after = openNodeSqlite(file)
    expect(after.query('select count(*) from event').values()).toEqual([[0]])
    expect(after.query('select id from session').values()).toEqual([['ses_1']])
    after.close()
    expect(statSync(file).size).toBeLessThan(before / 10)
  })

  test('a stop during the start leaves no process', async () => {
    const binary = program(
      'slow',
      `require('node:fs').writeFileSync(process.env.PILOT_ENGINE_ROOT + '/starts', String(process.pid)); setTimeout(() => {}, 60000)`,
    )
    const supervisor = supervise(binary)
    const starting = expect(supervisor.ensureStarted()).rejects.toMatchObject({ code: 'AGENT_UNAVAILABLE' })
    await until('the process', () => starts().length === 1)
    await supervisor.stop({ keep: false })
    await starting
    expect(await processStart(starts()[0] ?? 0)).toBeNull()
  })
})

/** The search as on a machine without the npm package. */
function findBinaryWithoutPackage(env: Record<string, string | undefined>) {
  return findBinary(env, () => null)
}
