import { expect, it } from 'vitest'
import { makeSealer } from '../crypto/seal.ts'
import { schema } from '../database.ts'
import { makeHubBackend } from '../runtime/hub-backend.ts'
import { makeWorld } from '../testing/world.ts'

const SECRET = 'sk-canary-5f2b9c'

it('the key reaches the machine and nobody else', async () => {
  const world = makeWorld()
  const { owner, instance, runtime } = await world.tenant('ann')
  const answers: unknown[] = []
  const set = (input: object) => owner.rpc('model.set', 'mutation', { instance_id: instance.id, ...input })
  answers.push(await set({ provider: 'openrouter', model: 'a/model', api_key: SECRET }))
  answers.push(await owner.rpc('model.get', 'query', { instance_id: instance.id }))
  expect(JSON.stringify(answers)).toContain('"has_key":true')
  // Refused inputs must not come back either.
  answers.push(await set({ provider: 'custom', base_url: 'nonsense', api_key: SECRET }))
  answers.push(await set({ provider: SECRET, api_key: SECRET }))
  answers.push(await set({ provider: 'openai', api_key: SECRET, unknown: SECRET }))
  const tables = Object.values(schema).map((table) => world.app.db.select().from(table))
  const rows = await Promise.all(tables)
  for (const text of [JSON.stringify(answers), JSON.stringify(world.logs), JSON.stringify(rows)])
    expect(text.replaceAll('"$provider"', '')).not.toContain(SECRET)

  const welcome = await makeHubBackend(world.app).welcome(runtime.runtime_id)
  expect(welcome.model).toEqual({
    provider: 'openrouter',
    model: 'a/model',
    label: 'a/model',
    base_url: '',
    api_key: SECRET,
  })
  expect(world.hub.refreshed).toContain(runtime.runtime_id)
  const other = await world.tenant('bob')
  expect((await makeHubBackend(world.app).welcome(other.runtime.runtime_id)).model).toBeNull()
})

it('a stored key is never sent to another address, and demo forgets it', async () => {
  const world = makeWorld()
  const { owner, instance, runtime } = await world.tenant('ann')
  const set = (input: object) => owner.rpc('model.set', 'mutation', { instance_id: instance.id, ...input })
  const welcome = async () => (await makeHubBackend(world.app).welcome(runtime.runtime_id)).model
  await set({ provider: 'custom', base_url: 'https://model.test/v1', api_key: SECRET })
  await set({ provider: 'custom', base_url: 'https://model.test/v1', model: 'other' })
  expect(await welcome()).toMatchObject({ model: 'other', api_key: SECRET })
  await set({ provider: 'custom', base_url: 'https://evil.test/v1' })
  expect(await welcome()).toMatchObject({ base_url: 'https://evil.test/v1', api_key: null })
  expect((await set({ provider: 'openai' })).status).toBe(400)
  await set({ provider: 'openai', api_key: SECRET })
  await set({ provider: 'demo' })
  expect(await welcome()).toBeNull()
  expect(await world.app.db.select().from(schema.secret)).toEqual([])
})

it('a sealed value opens only with its key, in its place, unchanged', async () => {
  const key = (letter: string) => letter.repeat(43)
  const old = makeSealer({ '1': key('A') })
  const both = makeSealer({ '1': key('A'), '2': key('E') })
  const { sealed, kek_version } = await old.seal(SECRET, 'instance:a')
  expect(await both.open(sealed, kek_version, 'instance:a')).toBe(SECRET)
  expect((await both.seal(SECRET, 'x')).kek_version).toBe(2)
  await expect(both.open(sealed, 2, 'instance:a')).rejects.toThrow()
  await expect(both.open(sealed, 1, 'instance:b')).rejects.toThrow()
  await expect(both.open(sealed, 3, 'instance:a')).rejects.toThrow()
  const changed = `${sealed.slice(0, -2)}${sealed.endsWith('AA') ? 'BB' : 'AA'}`
  await expect(both.open(changed, 1, 'instance:a')).rejects.toThrow()
  expect((await old.seal(SECRET, 'x')).sealed).not.toBe((await old.seal(SECRET, 'x')).sealed)
  expect(() => makeSealer({})).toThrow()
})
