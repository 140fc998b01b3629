import type { PilotError } from '@pilot/domain/errors'
import { newId } from '@pilot/domain/ids'
import { expect, it } from 'vitest'
import { machineError } from '../app/errors.ts'
import { createHarness, type Harness } from './testing/harness.ts'

function disk({ db }: Harness, state: 'full' | 'free'): void {
  const pages = Number(db.query('pragma page_count').values()[0]?.[0])
  db.exec(`pragma max_page_count = ${state === 'full' ? pages : 1_000_000}`)
}

/** What a client is told of a failure. */
function refusal(work: () => unknown): PilotError | null {
  try {
    work()
    return null
  } catch (cause) {
    return machineError(cause)
  }
}

it('takes no command on a full disk, keeps those it took, and the same command again works once there is room', async () => {
  const h = createHarness()
  h.engine.autoAnswer = true
  const { id } = await h.newSession()
  const first = h.prompt(id, 'before')
  await h.settle()
  disk(h, 'full')
  const refused = newId('command')
  const text = 'y'.repeat(60_000)
  expect(refusal(() => h.prompt(id, text, refused))).toMatchObject({ code: 'STORAGE_FULL', status: 507 })
  await h.settle()
  expect(refusal(() => h.command(id, refused))).toMatchObject({ code: 'COMMAND_NOT_FOUND' })
  expect(h.command(id, first.id).state).toBe('done')
  expect(h.state(id).messages.map((message) => message.role)).toEqual(['user', 'assistant'])
  expect(h.engine.effects.size).toBe(1)

  disk(h, 'free')
  h.prompt(id, text, refused)
  await h.settle()
  expect(h.command(id, refused).state).toBe('done')
  expect(h.state(id).messages).toHaveLength(4)
  expect([...h.engine.effects.values()]).toEqual([1, 1])
})

it('journals later what an answer brought while the disk was full', async () => {
  const h = createHarness()
  const { id } = await h.newSession()
  const command = h.prompt(id, 'write a lot')
  await h.settle()
  const external = h.engine.external(id)
  disk(h, 'full')
  h.engine.answer(external, 'z'.repeat(50_000))
  await h.settle()
  expect(h.logged.join()).toMatch(/full/)
  disk(h, 'free')
  await h.settle(10_000)
  await h.settle(10_000)
  expect(h.command(id, command.id).state).toBe('done')
  const parts = h.state(id).messages.at(-1)?.parts
  expect(parts).toMatchObject([{ type: 'text', text: 'z'.repeat(50_000), done: true }])
  expect(h.state(id).session?.status).toBe('idle')
})
