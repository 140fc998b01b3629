import { FakeClock } from '@pilot/protocol/link/fake-clock'
import { expect, test } from 'vitest'
import { CommandResults, MAX_RESULTS, RESULT_TTL_MS } from './command-results.ts'

test('an id runs once, also while it runs, and again after five minutes', async () => {
  const clock = new FakeClock()
  const results = new CommandResults<number>(clock)
  let runs = 0
  const run = (id: string) => results.run(id, async () => ++runs)
  expect(await Promise.all([run('a'), run('a'), run('b')])).toEqual([1, 1, 2])
  await clock.advance(RESULT_TTL_MS)
  expect(await run('a')).toBe(1)
  await clock.advance(1)
  expect(await run('a')).toBe(3)
})

test('no more than 1,024 results are kept, the oldest go', async () => {
  const results = new CommandResults<number>(new FakeClock())
  for (let count = 0; count < MAX_RESULTS + 10; count += 1) await results.run(`id-${count}`, async () => count)
  expect(results.size).toBe(MAX_RESULTS)
  expect(await results.run('id-0', async () => -1)).toBe(-1)
  expect(await results.run(`id-${MAX_RESULTS}`, async () => -1)).toBe(MAX_RESULTS)
})
