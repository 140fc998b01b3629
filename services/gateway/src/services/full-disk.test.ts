import { expect, it } from 'vitest'
import { schema } from '../database.ts'
import { makeWorld, type World } from '../testing/world.ts'

/** Lets the database grow by no page, or as it likes. */
function disk(world: World, state: 'full' | 'free'): void {
  const db = world.dump()
  const pages = Number(db.query('pragma page_count').values()[0]?.[0])
  db.exec(`pragma max_page_count = ${state === 'full' ? pages : 1_000_000}`)
}

it('refuses writes with 507 on a full disk, keeps what it acknowledged, answers reads, and recovers by itself', async () => {
  const world = makeWorld({
    limits: {
      organizations_per_user: 10_000,
      instances_per_organization: 100,
      machines_per_instance: 100,
      workspaces_per_instance: 100,
      terminals_per_runtime: 50,
    },
  })
  const { owner, workspace } = await world.tenant('ann')
  disk(world, 'full')
  const acknowledged: string[] = []
  let refused: Awaited<ReturnType<typeof owner.rpc>> | null = null
  // A page or two may have room left.
  for (let i = 0; i < 500 && !refused; i++) {
    const answer = await owner.rpc('organization.create', 'mutation', { name: `Organization ${i} ${'x'.repeat(40)}` })
    if (answer.status === 200) acknowledged.push((answer.body.result?.data as { slug: string } | undefined)?.slug ?? '')
    else refused = answer
  }
  expect(refused).toMatchObject({
    status: 507,
    body: {
      error: { data: { code: 'STORAGE_FULL', retryable: true }, message: expect.stringMatching(/Free some space/) },
    },
  })
  const rest = await owner.rest('POST', '/api/workspaces', {
    instance_id: workspace.instance_id,
    name: 'x'.repeat(60),
    directory: `/${'d'.repeat(3_000)}`,
  })
  expect([rest.status, await rest.json()]).toMatchObject([507, { error: { code: 'STORAGE_FULL' } }])

  // An hour later the use of the session can not be noted, and the answer comes all the same.
  world.advance(2 * 3_600_000)
  const listed = await owner.call('organization', 'list', 'query')
  const slugs = listed.map(({ slug }) => slug)
  expect(slugs).toEqual(expect.arrayContaining(acknowledged))
  expect(slugs).toHaveLength(acknowledged.length + 1)
  expect(world.dump().query('pragma integrity_check').values()).toEqual([['ok']])

  disk(world, 'free')
  await owner.call('organization', 'create', 'mutation', { name: 'After' })
  expect(await world.app.db.select().from(schema.organization)).toHaveLength(acknowledged.length + 2)
})
