import { newId } from '@pilot/domain/ids'
import { expect, test } from 'vitest'
import { WorkspaceFence } from './workspace-fence.ts'

const [mine, restored, gone] = [newId('workspace'), newId('workspace'), newId('workspace')]
const described = (workspace_id: typeof mine, generation: number) => ({
  workspace_id,
  instance_id: newId('instance'),
  slug: 'a',
  name: 'A',
  type: 'local' as const,
  generation,
  config: {},
  root_path: null,
})

test('exactly the welcomed generation is served', () => {
  const fence = new WorkspaceFence()
  expect(() => fence.check(mine, 1)).toThrow(expect.objectContaining({ code: 'WORKSPACE_NOT_FOUND' }))
  expect(
    fence.apply([described(mine, 3), described(restored, 1)], [{ workspace_id: restored, generation: 2 }]),
  ).toEqual([restored])
  expect(() => fence.check(mine, 3)).not.toThrow()
  for (const generation of [2, 4]) {
    expect(() => fence.check(mine, generation)).toThrow(expect.objectContaining({ code: 'STALE_GENERATION' }))
  }
  expect(() => fence.check(restored, 1)).toThrow(expect.objectContaining({ code: 'CONFLICT' }))
  expect(() => fence.check(gone, 1)).toThrow(expect.objectContaining({ code: 'WORKSPACE_NOT_FOUND' }))
})

test('what a later welcome no longer names is no longer served', () => {
  const fence = new WorkspaceFence()
  fence.apply([described(mine, 3)], [])
  fence.apply([], [{ workspace_id: mine, generation: 3 }])
  expect(() => fence.check(mine, 3)).toThrow(expect.objectContaining({ code: 'WORKSPACE_NOT_FOUND' }))
})

test('a command may be ahead of the welcome, never behind it', () => {
  const fence = new WorkspaceFence()
  fence.apply([described(mine, 3)], [])
  expect(() => fence.checkCommand(mine, 4)).not.toThrow()
  expect(() => fence.checkCommand(gone, 1)).not.toThrow()
  expect(() => fence.checkCommand(mine, 2)).toThrow(expect.objectContaining({ code: 'STALE_GENERATION' }))
})
