import { QueryClient } from '@tanstack/react-query'
import { describe, expect, it } from 'vitest'
import { applyInvalidation, procedureKey } from './queries.ts'

function cacheWith(...keys: ReturnType<typeof procedureKey>[]) {
  const cache = new QueryClient()
  for (const key of keys) cache.setQueryData(key, 'old')
  const stale = () => keys.filter((key) => cache.getQueryState(key)?.isInvalidated)
  return { cache, stale }
}
const machines = procedureKey('machine.list', { instance_id: 'inst_1' })
const workspaces = procedureKey('workspace.list', { instance_id: 'inst_1' })
const workspace = procedureKey('workspace.get', { workspace_slug: 'shop' })

describe('applyInvalidation', () => {
  it('makes the named procedure old, whatever it was asked with', async () => {
    const { cache, stale } = cacheWith(machines, workspaces)
    await applyInvalidation(cache, { keys: [['machine', 'list', 'inst_1']] })
    expect(stale()).toEqual([machines])
  })

  it('takes a router alone for all its procedures', async () => {
    const { cache, stale } = cacheWith(machines, workspaces, workspace)
    await applyInvalidation(cache, { keys: [['workspace']] })
    expect(stale()).toEqual([workspaces, workspace])
  })

  it('makes everything old after a gap, but nothing that is not the server’s', async () => {
    const { cache, stale } = cacheWith(machines, workspaces, workspace, ['runtime', 'shop'])
    await applyInvalidation(cache, { all: true })
    expect(stale()).toEqual([machines, workspaces, workspace])
  })
})
