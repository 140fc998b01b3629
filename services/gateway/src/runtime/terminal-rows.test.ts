import { newId } from '@pilot/domain/ids'
import { expect, it } from 'vitest'
import { schema, type TerminalRow } from '../database.ts'
import type { TerminalReport } from '../hub/port.ts'
import { makeWorld } from '../testing/world.ts'
import { makeHubBackend } from './hub-backend.ts'

async function setup() {
  const world = makeWorld()
  const ann = await world.tenant('ann')
  const bob = await world.tenant('bob')
  const backend = makeHubBackend(world.app)
  const { onTerminals } = backend
  if (!onTerminals) throw new Error('nothing to test')
  const add = async (state: TerminalRow['state'], tenant = ann) => {
    const id = newId('terminal')
    const now = world.app.clock()
    await world.app.db.insert(schema.terminal).values({
      id,
      instance_id: tenant.instance.id,
      workspace_id: tenant.workspace.id,
      runtime_id: tenant.runtime.runtime_id,
      command_kind: 'shell',
      cwd: '',
      cols: 80,
      rows: 24,
      state,
      archived_at: state === 'archived' ? now : null,
      created_by: (await world.app.db.select().from(schema.user).limit(1))[0]?.id ?? null,
      last_activity_at: now,
      created_at: now,
      updated_at: now,
    })
    return id
  }
  const report = (id: TerminalReport['terminal_id'], change: Partial<TerminalReport> = {}): TerminalReport => ({
    terminal_id: id,
    workspace_id: ann.workspace.id,
    state: 'running',
    exit_code: null,
    mode: 'shared',
    cols: 80,
    rows: 24,
    active: false,
    ...change,
  })
  const tell = (change: Partial<Parameters<typeof onTerminals>[1]>, tenant = ann) =>
    onTerminals(tenant.runtime.runtime_id, { complete: false, reports: [], lost: [], closed: [], ...change })
  const states = async () =>
    Object.fromEntries((await world.app.db.select().from(schema.terminal)).map((row) => [row.id, row.state]))
  return { world, ann, bob, add, report, tell, states }
}

it('a complete list settles what was unknown, and names what it lacks', async () => {
  const { world, add, report, tell, states } = await setup()
  const [started, gone, back, ended, fresh] = [
    await add('starting'),
    await add('running'),
    await add('lost'),
    await add('ended'),
    await add('starting'),
  ]
  const reports = [report(started), report(back), report(ended, { state: 'ended' })]
  expect(await tell({ complete: true, reports })).toEqual({ missing: [gone], unwanted: [] })
  expect(await states()).toEqual({
    [started]: 'running',
    [gone]: 'running',
    [back]: 'running',
    [ended]: 'ended',
    [fresh]: 'starting',
  })
  world.advance(90_000)
  expect((await tell({ complete: true, reports })).missing.sort()).toEqual([gone, fresh].sort())
  await tell({ lost: [gone, fresh] })
  expect(await states()).toMatchObject({ [gone]: 'lost', [fresh]: 'error' })
  await tell({ reports: [report(gone)] })
  expect(await states()).toMatchObject({ [gone]: 'running' })
})

it('a machine speaks of its own terminals only, and brings nothing back from its end', async () => {
  const { add, report, tell, states, bob } = await setup()
  const [mine, archived, ended] = [await add('running'), await add('archived'), await add('ended')]
  await tell({ reports: [report(mine, { state: 'ended' })] }, bob)
  await tell({ reports: [report(mine, { state: 'ended', workspace_id: bob.workspace.id })] })
  await tell({ lost: [mine] }, bob)
  await tell({ reports: [report(archived), report(ended)] })
  expect(await states()).toEqual({ [mine]: 'running', [archived]: 'archived', [ended]: 'ended' })
})

it('writes what differs and tells the tabs of a change that lists show', async () => {
  const { world, ann, add, report, tell } = await setup()
  const id = await add('running')
  const row = async () => (await world.app.db.select().from(schema.terminal))[0]
  const before = await row()
  world.advance(1_000)
  const told = world.hub.invalidated.length
  await tell({ reports: [report(id)] })
  expect(await row()).toEqual(before)
  await tell({ reports: [report(id, { cols: 120, active: true })] })
  expect(await row()).toMatchObject({ cols: 120, last_activity_at: world.app.clock() })
  expect(world.hub.invalidated).toHaveLength(told)
  await tell({ reports: [report(id, { state: 'ended', exit_code: 2, cols: 120 })] })
  expect(await row()).toMatchObject({ state: 'ended', exit_code: 2 })
  expect(world.hub.invalidated.slice(told)).toEqual([
    { organizationId: ann.organization.id, keys: [['terminal', 'list', ann.workspace.id]] },
  ])
})

it('what was closed while the machine was away is ended when it is back; what it closed itself leaves the list', async () => {
  const { ann, bob, add, report, tell, states } = await setup()
  const [closed, open, theirs] = [await add('archived'), await add('running'), await add('archived', bob)]
  const { unwanted } = await tell({ complete: true, reports: [report(closed), report(open), report(theirs)] })
  expect(unwanted).toMatchObject([{ terminal_id: closed, workspace_id: ann.workspace.id }])
  await tell({ closed: [open, theirs] })
  expect(await states()).toMatchObject({ [open]: 'archived' })
  expect((await tell({ complete: true })).missing).toEqual([])
})

it('a hundred and more reports stay within the limits of one statement', async () => {
  const { add, report, tell, states } = await setup()
  const ids: Awaited<ReturnType<typeof add>>[] = []
  for (let i = 0; i < 120; i += 1) ids.push(await add('running'))
  await tell({ reports: ids.map((id) => report(id, { state: 'ended' })) })
  expect(new Set(Object.values(await states()))).toEqual(new Set(['ended']))
})
