import { PilotError } from '@pilot/domain/errors'
import { newId } from '@pilot/domain/ids'
import type { TerminalView } from '@pilot/protocol/terminal/rest'
import { beforeEach, describe, expect, it } from 'vitest'
import { schema } from '../database.ts'
import { DEFAULT_LIMITS } from '../deps.ts'
import { makeWorld, type Person, type World } from '../testing/world.ts'

type Tenant = Awaited<ReturnType<World['tenant']>>
let world: World
let ann: Tenant

/** A machine that starts whatever it is told to. */
const opened = (message: Record<string, unknown>) => ({
  terminal_id: message.terminal_id,
  epoch: 'e1',
  state: 'running',
  exit_code: null,
  reason: null,
  title: '',
  process: 'bash',
  cols: message.cols,
  rows: message.rows,
  end_offset: 0,
  mode: 'shared',
  holder: null,
})

async function start(terminals = DEFAULT_LIMITS.terminals_per_runtime): Promise<void> {
  world = makeWorld({ limits: { ...DEFAULT_LIMITS, terminals_per_runtime: terminals } })
  ann = await world.tenant('ann')
  const prepare = world.hub.onCommand
  world.hub.onCommand = async (message) => {
    if (message.type === 'terminal.open') return opened(message)
    return message.type === 'terminal.close' ? undefined : prepare(message)
  }
}
beforeEach(() => start())

const at = (tenant: Tenant, rest = '') => `/api/chamber/workspaces/${tenant.workspace.slug}/terminal${rest}`
async function rest(who: Person, method: string, path: string, body?: unknown) {
  const response = await who.rest(method, path, body)
  const text = await response.text()
  return { status: response.status, body: (text === '' ? null : JSON.parse(text)) as TerminalView & ErrorBody }
}
interface ErrorBody {
  error?: { code: string }
  terminals?: TerminalView[]
}
const commands = (type: string) => world.hub.commands.filter(({ message }) => message.type === type)
const audit = async () =>
  (await world.app.db.select().from(schema.audit_log))
    .filter(({ action }) => action.startsWith('terminal.'))
    .map(({ action, result, target }) => [action, result, target])
const refuseOpen = (code: ConstructorParameters<typeof PilotError>[0]) => {
  const before = world.hub.onCommand
  world.hub.onCommand = async (message) => {
    if (message.type === 'terminal.open') throw new PilotError(code)
    return before(message)
  }
  return () => {
    world.hub.onCommand = before
  }
}

describe('create', () => {
  it('starts the program on the machine and shows it, also while the machine is away', async () => {
    const id = newId('terminal')
    const made = await rest(ann.owner, 'POST', at(ann), { id, launch: { kind: 'shell', shell: 'zsh' }, cwd: 'src' })
    expect(made).toMatchObject({ status: 201, body: { id, state: 'running', command_kind: 'shell', cwd: 'src' } })
    const [{ message } = { message: {} }] = commands('terminal.open')
    expect(message).toMatchObject({
      terminal_id: id,
      workspace_id: ann.workspace.id,
      generation: 1,
      actor: { role: 'owner' },
      launch: { kind: 'shell', shell: 'zsh' },
      cwd: 'src',
      cols: 80,
      rows: 24,
      limit: 50,
    })
    world.hub.online.clear()
    expect((await rest(ann.owner, 'GET', at(ann))).body.terminals).toMatchObject([{ id, state: 'running' }])
    expect((await rest(ann.owner, 'GET', at(ann, `/${id}`))).body).toMatchObject({ id })
    expect(await audit()).toEqual([['terminal.create', 'ok', id]])
    expect(world.hub.invalidated.at(-1)?.keys).toEqual([['terminal', 'list', ann.workspace.id]])
  })

  it('with the same id makes one; with another body CONFLICT; elsewhere NOT_FOUND', async () => {
    const bob = await world.tenant('bob')
    const id = newId('terminal')
    expect((await rest(ann.owner, 'POST', at(ann), { id })).status).toBe(201)
    expect(await rest(ann.owner, 'POST', at(ann), { id, title: 'mine', cols: 100 })).toMatchObject({ status: 200 })
    expect(commands('terminal.open')).toHaveLength(1)
    for (const other of [{ cwd: 'src' }, { launch: { kind: 'claude' } }, { source: 'tmux' }])
      expect((await rest(ann.owner, 'POST', at(ann), { id, ...other })).body.error?.code).toBe('CONFLICT')
    expect(await rest(bob.owner, 'POST', at(bob), { id })).toMatchObject({ status: 404 })
    expect(commands('terminal.open')).toHaveLength(1)
  })

  it('whose outcome is unknown can be asked again, and is never forgotten', async () => {
    const id = newId('terminal')
    const heal = refuseOpen('RUNTIME_TIMEOUT')
    expect((await rest(ann.owner, 'POST', at(ann), { id })).status).toBe(504)
    expect((await rest(ann.owner, 'GET', at(ann))).body.terminals).toMatchObject([{ id, state: 'starting' }])
    heal()
    const reset = refuseOpen('RUNTIME_OFFLINE')
    expect((await rest(ann.owner, 'POST', at(ann), { id })).status).toBe(503)
    reset()
    expect(await rest(ann.owner, 'POST', at(ann), { id })).toMatchObject({ status: 200, body: { state: 'running' } })
  })

  it('that the machine refuses leaves nothing; one that failed there is shown as an error', async () => {
    const heal = refuseOpen('VALIDATION_FAILED')
    expect((await rest(ann.owner, 'POST', at(ann), { id: newId('terminal') })).status).toBe(400)
    expect((await rest(ann.owner, 'GET', at(ann))).body.terminals).toEqual([])
    heal()
    refuseOpen('RUNTIME_ERROR')
    const id = newId('terminal')
    expect((await rest(ann.owner, 'POST', at(ann), { id })).status).toBe(502)
    expect((await rest(ann.owner, 'GET', at(ann))).body.terminals).toMatchObject([{ id, state: 'error' }])
    expect((await audit()).map(([, result]) => result)).toEqual(['failed', 'failed'])
  })

  it('while the machine is away stores nothing', async () => {
    world.hub.online.clear()
    expect((await rest(ann.owner, 'POST', at(ann), { id: newId('terminal') })).body.error?.code).toBe('RUNTIME_OFFLINE')
    expect(await world.app.db.select().from(schema.terminal)).toEqual([])
  })

  it('stops at the limit of the machine, also when asked all at once; closing makes room', async () => {
    await start(3)
    const ids = Array.from({ length: 6 }, () => newId('terminal'))
    const answers = await Promise.all(ids.map((id) => rest(ann.owner, 'POST', at(ann), { id })))
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 201, 201, 409, 409, 409])
    expect(answers.find(({ status }) => status === 409)?.body.error?.code).toBe('LIMIT_REACHED')
    expect(commands('terminal.open')[0]?.message.limit).toBe(3)
    const [first] = (await rest(ann.owner, 'GET', at(ann))).body.terminals ?? []
    expect((await rest(ann.owner, 'DELETE', at(ann, `/${first?.id}`))).status).toBe(204)
    expect((await rest(ann.owner, 'POST', at(ann), { id: newId('terminal') })).status).toBe(201)
  })

  it('refuses what is not valid, and sessions of others', async () => {
    const id = newId('terminal')
    for (const body of [
      {},
      { id: 'term_1' },
      { id, cols: 0 },
      { id, rows: 99_999 },
      { id, launch: { kind: 'rm' } },
      { id, x: 1 },
    ])
      expect((await rest(ann.owner, 'POST', at(ann), body)).status).toBe(400)
    const agent_session_id = newId('agent_session')
    expect((await rest(ann.owner, 'POST', at(ann), { id, agent_session_id })).body.error?.code).toBe(
      'SESSION_NOT_FOUND',
    )
    expect(world.hub.commands.some(({ message }) => message.type === 'terminal.open')).toBe(false)
  })
})

describe('one terminal', () => {
  let id: string
  beforeEach(async () => {
    id = newId('terminal')
    await rest(ann.owner, 'POST', at(ann), { id })
  })
  const set = (state: 'ended' | 'lost' | 'running' | 'error') => world.app.db.update(schema.terminal).set({ state })

  it('is renamed', async () => {
    expect((await rest(ann.owner, 'PATCH', at(ann, `/${id}`), { title: ' build ' })).body.title).toBe('build')
    expect((await rest(ann.owner, 'GET', at(ann, `/${id}`))).body.title).toBe('build')
  })

  it('is closed once: hang-up, then force, then it is off the list', async () => {
    const before = world.hub.onCommand
    world.hub.onCommand = async (message) => {
      if (message.type === 'terminal.close' && message.force !== true)
        throw new PilotError('CONFLICT', 'It ignores it.')
      return before(message)
    }
    expect((await rest(ann.owner, 'DELETE', at(ann, `/${id}`))).status).toBe(409)
    expect((await rest(ann.owner, 'GET', at(ann))).body.terminals).toHaveLength(1)
    expect((await rest(ann.owner, 'DELETE', at(ann, `/${id}?force=1`))).status).toBe(204)
    expect((await rest(ann.owner, 'DELETE', at(ann, `/${id}?force=1`))).status).toBe(204)
    expect((await rest(ann.owner, 'GET', at(ann))).body.terminals).toEqual([])
    expect(commands('terminal.close').map(({ message }) => message.force)).toEqual([false, true])
    expect((await audit()).slice(1)).toEqual([
      ['terminal.close', 'failed', id],
      ['terminal.close', 'ok', id],
    ])
  })

  it('that may still run is not closed behind the back of its machine; one that does not run is', async () => {
    world.hub.online.clear()
    expect((await rest(ann.owner, 'DELETE', at(ann, `/${id}`))).body.error?.code).toBe('RUNTIME_OFFLINE')
    await set('ended')
    expect((await rest(ann.owner, 'DELETE', at(ann, `/${id}`))).status).toBe(204)
  })

  it('is opened anew after its end, with what it was started with', async () => {
    expect((await rest(ann.owner, 'POST', at(ann, `/${id}/reopen`))).body.error?.code).toBe('CONFLICT')
    for (const state of ['ended', 'lost', 'error'] as const) {
      await set(state)
      expect(await rest(ann.owner, 'POST', at(ann, `/${id}/reopen`))).toMatchObject({
        status: 200,
        body: { state: 'running' },
      })
    }
    expect(commands('terminal.open').at(-1)?.message).toMatchObject({ terminal_id: id, launch: { kind: 'shell' } })
    await set('ended')
    const heal = refuseOpen('NOT_FOUND')
    expect((await rest(ann.owner, 'POST', at(ann, `/${id}/reopen`))).status).toBe(404)
    expect((await rest(ann.owner, 'GET', at(ann, `/${id}`))).body.state).toBe('ended')
    heal()
    const both = await Promise.all([1, 2].map(() => rest(ann.owner, 'POST', at(ann, `/${id}/reopen`))))
    expect(both.map(({ status }) => status).sort()).toEqual([200, 409])
  })

  it('is a row of its workspace: another organization gets 404 for everything', async () => {
    const bob = await world.tenant('bob')
    for (const [method, path, body] of [
      ['GET', `/${id}`],
      ['PATCH', `/${id}`, { title: 'stolen' }],
      ['DELETE', `/${id}?force=1`],
      ['POST', `/${id}/reopen`],
      ['GET', `/${id}/snapshot`],
    ] as const) {
      expect((await rest(bob.owner, method, at(bob, path), body)).status, `${method} own`).toBe(404)
      expect((await rest(bob.owner, method, at(ann, path), body)).status, `${method} theirs`).toBe(404)
    }
    expect((await rest(bob.owner, 'GET', at(bob))).body.terminals).toEqual([])
    expect([commands('terminal.close'), world.hub.tunnelled]).toEqual([[], []])
    expect((await rest(ann.owner, 'GET', at(ann, `/${id}`))).body).toMatchObject({ title: '', state: 'running' })
  })

  it('is asked of the machine by GET for what only that knows; nothing else below gets there', async () => {
    for (const path of [`/${id}/snapshot?format=text`, '/programs', '/tmux'])
      expect((await rest(ann.owner, 'GET', at(ann, path))).status).toBe(200)
    expect(world.hub.tunnelled.map(({ request }) => new URL(request.url).pathname)).toEqual([
      `/terminal/${id}/snapshot`,
      '/terminal/programs',
      '/terminal/tmux',
    ])
    for (const [method, path] of [
      ['POST', `/${id}/snapshot`],
      ['POST', '/programs'],
      ['PUT', `/${id}`],
      ['PUT', ''],
      ['GET', `/${id}/input`],
      ['GET', '/no-such-id'],
      ['GET', `/${newId('terminal')}/snapshot`],
    ] as const)
      expect((await rest(ann.owner, method, at(ann, path))).status, `${method} ${path}`).toBe(404)
    expect(world.hub.tunnelled).toHaveLength(3)
  })

  it('is only watched by somebody who acts as its user', async () => {
    const session = world.app.db.update(schema.session)
    const [user] = await world.app.db.select().from(schema.user).limit(1)
    await session.set({ impersonated_by: user?.id ?? null })
    for (const [method, path, body] of [
      ['POST', '', { id: newId('terminal') }],
      ['PATCH', `/${id}`, { title: 'x' }],
      ['DELETE', `/${id}`],
      ['POST', `/${id}/reopen`],
    ] as const)
      expect((await rest(ann.owner, method, at(ann, path), body)).status).toBe(403)
    expect((await rest(ann.owner, 'GET', at(ann))).status).toBe(200)
    await ann.owner.send(`/api/chamber/workspaces/${ann.workspace.slug}/ws`, { headers: { upgrade: 'websocket' } })
    expect(world.hub.viewers.at(-1)).toMatchObject({ read_only: true })
  })
})
