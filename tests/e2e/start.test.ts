import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bunBinary, freePort, startPilot, until } from '../support/pilot.ts'

const dist = join(fileURLToPath(import.meta.url), '..', '..', '..', 'dist')

/** Runs the product's command to its end. */
async function command(program: string, args: string[], env: Record<string, string> = {}) {
  const child = spawn(bunBinary(), [join(dist, program), ...args], {
    env: { ...process.env, PILOT_STAGE: 'test', INIT_CWD: tmpdir(), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  child.stdout.on('data', (data: Buffer) => {
    output += data.toString()
  })
  child.stderr.on('data', (data: Buffer) => {
    output += data.toString()
  })
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, output }
}

/** Signs in with a link, as the page does, and gives the session cookie. */
async function signIn(link: string): Promise<Response> {
  const url = new URL(link)
  return await fetch(new URL('/api/auth/owner-link/redeem', url), {
    method: 'POST',
    headers: { origin: url.origin, 'x-pilot-csrf': '1', 'content-type': 'application/json' },
    body: JSON.stringify({ token: url.hash.slice('#owner='.length) }),
  })
}

const cookieOf = (response: Response) => response.headers.getSetCookie()[0]?.split(';')[0] ?? ''

/** The workspace that a sign-in link leads to, as the API shows it. */
async function workspaceOf(link: string, cookie: string): Promise<{ slug: string; status: string; id: string }> {
  const url = new URL(link)
  const response = await fetch(new URL(`/api/workspaces${url.searchParams.get('next')}`, url), { headers: { cookie } })
  expect(response.status).toBe(200)
  return (await response.json()) as { slug: string; status: string; id: string }
}

describe('start and stop', () => {
  let home: string
  beforeAll(() => {
    home = realpathSync(mkdtempSync(join(tmpdir(), 'pilot-start-')))
  })
  afterAll(() => rmSync(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }))

  it('keeps everything in one private directory, stops every process, and finds it again', async () => {
    const first = await startPilot({ home })
    const cookie = cookieOf(await signIn(first.link))
    const before = await until('the workspace to be ready', async () => {
      const workspace = await workspaceOf(first.link, cookie)
      return workspace.status === 'ready' ? workspace : null
    }).finally(() => first.stop())
    expect(first.supervisor.exitCode).toBe(0)
    expect(first.pids(home)).toEqual([])
    expect(statSync(home).mode & 0o777).toBe(0o700)
    for (const file of ['gateway/keys.json', 'runtime/identity.json']) {
      expect(statSync(join(home, file)).mode & 0o777, file).toBe(0o600)
    }

    const second = await startPilot({ home })
    // The same cookie still counts, and nothing was made twice.
    const after = await workspaceOf(second.link, cookie).finally(() => second.stop())
    expect(after).toMatchObject({ id: before.id, slug: before.slug })
    expect(existsSync(join(home, 'up.lock'))).toBe(false)
  })

  it('opens the running one on a second start', async () => {
    const running = await startPilot({ home })
    try {
      const again = await command('pilot-test.js', ['up', '--home', home, '--no-open', '--port', String(running.port)])
      expect(again.code).toBe(0)
      expect(again.output).toContain('already running')
      const link = again.output.match(/https?:\/\/\S+#owner=\S+/)?.[0] ?? ''
      expect((await signIn(link)).status).toBe(200)
      expect(running.pids('serve').length).toBe(1)
    } finally {
      await running.stop()
    }
  })

  it('names the next free port when the port is taken', async () => {
    const server = createServer()
    const port = await freePort()
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
    const { code, output } = await command('pilot-test.js', ['up', '--home', home, '--no-open', '--port', String(port)])
    await new Promise((resolve) => server.close(resolve))
    expect(code).toBe(1)
    expect(output).toMatch(new RegExp(`Port ${port} is taken`))
    expect(Number(output.match(/--port (\d+)/)?.[1])).toBeGreaterThan(port)
    expect(existsSync(join(home, 'up.lock'))).toBe(false)
  })

  it('leaves no process behind when the supervisor is killed, and starts again', async () => {
    const killed = await startPilot({ home })
    killed.supervisor.kill('SIGKILL')
    await until('the children to end', () => killed.pids(home).length === 0)
    const next = await startPilot({ home })
    try {
      expect((await signIn(next.link)).status).toBe(200)
    } finally {
      await next.stop()
    }
  })

  it('brings a killed gateway and a killed runtime back by itself', async () => {
    const pilot = await startPilot({ home })
    try {
      for (const [name, signal] of [
        ['serve', 'SIGKILL'],
        ['runtime', 'SIGKILL'],
        ['serve', 'SIGTERM'],
      ] as const) {
        const [pid = 0] = pilot.pids(name)
        process.kill(pid, signal)
        await until(`another ${name}`, () => {
          const [now] = pilot.pids(name)
          return now !== undefined && now !== pid
        })
      }
      await until('the gateway to answer', async () => (await fetch(`${pilot.url}/healthz`)).ok)
    } finally {
      await pilot.stop()
    }
  })

  it('refuses the data of a newer version and leaves it as it is', async () => {
    const file = join(home, 'gateway', 'pilot.db')
    const { DatabaseSync } = await import('node:sqlite')
    const db = new DatabaseSync(file)
    db.exec("insert into d1_migrations(name) values('9999_future.sql')")
    db.close()
    const port = await freePort()
    const child = spawn(bunBinary(), [join(dist, 'pilot-test.js'), 'serve', '--home', home, '--port', String(port)], {
      env: { ...process.env, PILOT_STAGE: 'test' },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    child.stderr.on('data', (data: Buffer) => {
      output += data.toString()
    })
    const [code] = (await once(child, 'exit')) as [number | null]
    expect(code).not.toBe(0)
    expect(output).toMatch(/newer version/)
    expect(output).not.toMatch(/\n\s+at /)
    const after = new DatabaseSync(file)
    expect(after.prepare("select count(*) as n from d1_migrations where name = '9999_future.sql'").get()).toEqual({
      n: 1,
    })
    after.exec("delete from d1_migrations where name = '9999_future.sql'")
    after.close()
  })
})

it('has no dev sign-in in the production build', async () => {
  const home = realpathSync(mkdtempSync(join(tmpdir(), 'pilot-production-')))
  const port = await freePort()
  const child = spawn(bunBinary(), [join(dist, 'pilot.js'), 'serve', '--home', home, '--port', String(port)], {
    env: { ...process.env, PILOT_STAGE: 'dev' },
    stdio: ['ignore', 'ignore', 'ignore'],
  })
  try {
    const base = `http://localhost:${port}`
    await until('the gateway', async () => (await fetch(`${base}/healthz`)).ok)
    const response = await fetch(`${base}/api/auth/dev/login`, {
      method: 'POST',
      headers: { origin: base, 'x-pilot-csrf': '1', 'content-type': 'application/json' },
      body: JSON.stringify({ email: 'a@example.com' }),
    })
    expect(response.status).toBe(404)
    // The program and its parts.
    const textOf = (name: string) =>
      readdirSync(dist)
        .filter((file) => file.startsWith(`${name}.`) && file.endsWith('.js'))
        .map((file) => readFileSync(join(dist, file), 'utf8'))
        .join('\n')
    expect(textOf('pilot')).not.toContain('/api/auth/dev/login')
    expect(textOf('pilot-test')).toContain('/api/auth/dev/login')
  } finally {
    const exited = once(child, 'exit')
    child.kill('SIGTERM')
    await exited
    rmSync(home, { recursive: true, force: true })
  }
})

it('starts from the checkout with what npm start runs', () => {
  const help = spawnSync(process.execPath, [join(dist, '..', 'scripts', 'start.mjs'), '--help'], { encoding: 'utf8' })
  expect(help.status).toBe(0)
  expect(help.stdout).toContain('--workspace')
  expect(readdirSync(dist)).toContain('pilot.js')
})
