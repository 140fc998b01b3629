import { newId } from '@pilot/domain/ids'
import type { WorkspaceView } from '@pilot/protocol/api/views'
import { describe, expect, it } from 'vitest'
import { runtimeState, workspaceState } from './states.ts'

const machine = {
  id: newId('machine'),
  name: 'mini-1',
  runtime_id: newId('runtime'),
  online: true,
  last_seen_at: null,
}
const workspace = (change: Partial<WorkspaceView>): WorkspaceView => ({
  id: newId('workspace'),
  instance_id: newId('instance'),
  organization_id: newId('organization'),
  organization_slug: 'acme',
  instance_slug: 'shop',
  slug: 'web',
  name: 'web',
  type: 'local',
  status: 'ready',
  error: null,
  root_path: '/srv/web',
  role: 'member',
  machine,
  sessions: { waiting: 0, working: 0, total: 0 },
  created_at: '2026-01-01T00:00:00.000Z',
  ...change,
})

describe('workspaceState', () => {
  it('says what matters most first', () => {
    const busy = { waiting: 1, working: 3, total: 9 }
    const away = { ...machine, online: false }
    expect(workspaceState(workspace({ status: 'error', sessions: busy }))?.kind).toBe('failed')
    expect(workspaceState(workspace({ sessions: busy, machine: away }))?.kind).toBe('waiting')
    expect(workspaceState(workspace({ sessions: { ...busy, waiting: 0 }, machine: away }))?.kind).toBe('offline')
    expect(workspaceState(workspace({ sessions: { ...busy, waiting: 0 } }))?.word).toBe('3 working')
    expect(workspaceState(workspace({}))).toBeNull()
  })
})

describe('runtimeState', () => {
  it('gives an offline machine its age, with the day when it was not today', () => {
    const now = new Date(2026, 5, 10, 12, 0)
    const seen = (date: Date) => runtimeState({ online: false, last_seen_at: date.toISOString() }, now)
    expect(seen(new Date(2026, 5, 10, 9, 12)).word).toMatch(/^Offline since 9:12/)
    expect(seen(new Date(2026, 5, 8, 9, 12)).word).toMatch(/^Offline since Mon, 9:12/)
    expect(runtimeState({ online: false, last_seen_at: null }, now)).toEqual({ kind: 'offline', word: 'Offline' })
  })
})
