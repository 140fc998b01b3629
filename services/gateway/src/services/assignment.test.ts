import { type Id, newId } from '@pilot/domain/ids'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { schema } from '../database.ts'
import { makeWorld } from '../testing/world.ts'
import { pinWorkspace, rendezvous } from './assignment.ts'
import { newWorkspaceRow } from './workspace.ts'

it('chooses the same runtime in any order, and only moves what was on the one that left', async () => {
  const ids = fc.uniqueArray(fc.nat(), { minLength: 1, maxLength: 8 }).map((list) => list.map(() => newId('runtime')))
  await fc.assert(
    fc.asyncProperty(ids, fc.infiniteStream(fc.nat()), async (runtimes, random) => {
      const workspace = newId('workspace')
      const chosen = await rendezvous(workspace, runtimes)
      const shuffled = runtimes
        .map((id) => ({ id, key: random.next().value }))
        .sort((a, b) => Number(a.key) - Number(b.key))
        .map((entry) => entry.id)
      expect(await rendezvous(workspace, shuffled)).toBe(chosen)
      const [gone] = runtimes.filter((id) => id !== chosen)
      if (gone)
        expect(
          await rendezvous(
            workspace,
            runtimes.filter((id) => id !== gone),
          ),
        ).toBe(chosen)
    }),
    { numRuns: 50 },
  )
  expect(await rendezvous(newId('workspace'), [])).toBeNull()
})

it('of two pins at once one wins, and it is the one in the history', async () => {
  const world = makeWorld()
  const { instance, runtime } = await world.tenant('ann')
  const row = newWorkspaceRow(world.app, {
    id: newId('workspace'),
    instance_id: instance.id,
    slug: 'waits',
    name: 'Waits',
    type: 'local',
    config: {},
    runtime_id: null,
    created_by: null,
  })
  await world.app.db.insert(schema.workspace).values(row)
  const id: Id<'runtime'> = runtime.runtime_id
  const won = await Promise.all([pinWorkspace(world.app, row, id), pinWorkspace(world.app, row, id)])
  expect(won.filter(Boolean)).toHaveLength(1)
  const history = await world.app.db.select().from(schema.workspace_assignment)
  expect(history.filter((entry) => entry.workspace_id === row.id)).toHaveLength(1)
})
