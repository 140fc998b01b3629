import { newId } from '@pilot/domain/ids'
import { settle } from '@pilot/protocol/link/fake-clock'
import { expect, test } from 'vitest'
import { TerminalService } from './service.ts'
import { fakeService, openOrder } from './testing/harness.ts'

const actor = (user_id = newId('user')) => ({ user_id, role: 'member' as const })

test('the same order opens one terminal, which no other workspace can see', async () => {
  const { service, started } = fakeService()
  const order = openOrder()
  const [first, second] = await Promise.all([service.open(order), service.open(order)])
  expect(second).toEqual(first)
  expect(started).toHaveLength(1)
  const other = { ...order, workspace_id: newId('workspace') }
  const unseen = expect.objectContaining({ code: 'NOT_FOUND' })
  expect(() => service.find(other.workspace_id, order.terminal_id)).toThrow(unseen)
  await expect(service.open(other)).rejects.toEqual(unseen)
  await expect(service.close({ ...other, force: true })).rejects.toEqual(unseen)
  expect(() => service.setMode({ ...other, actor: actor(), mode: 'exclusive', take_over: true })).toThrow(unseen)
})

test('no more terminals than allowed, and never more than 50', async () => {
  const { service } = fakeService()
  const workspace_id = newId('workspace')
  const open = (limit: number) => service.open(openOrder({ workspace_id, limit }))
  await Promise.all([open(3), open(3), open(3)])
  await expect(open(3)).rejects.toMatchObject({ code: 'LIMIT_REACHED', message: expect.stringContaining('Close one') })
  const more = await Promise.allSettled(Array.from({ length: 60 }, () => open(1_000)))
  expect(more.filter(({ status }) => status === 'fulfilled')).toHaveLength(47)
  expect(service.statuses()).toHaveLength(50)
})

test('a restarted daemon adopts what lives, forgets what is gone and leaves strangers alone', async () => {
  const { service, deps, sources } = fakeService()
  const [kept, gone] = [openOrder(), openOrder()]
  await service.open(kept)
  await service.open(gone)
  service.setMode({ ...kept, actor: actor(), mode: 'exclusive', take_over: false })
  service.stop()
  sources.delete(gone.terminal_id)
  const next = new TerminalService(deps)
  await next.start()
  expect(next.statuses()).toMatchObject([
    { terminal_id: kept.terminal_id, workspace_id: kept.workspace_id, mode: 'exclusive' },
  ])
  deps.store.remove(kept.terminal_id)
  const last = new TerminalService(deps)
  await last.start()
  expect(last.statuses()).toEqual([])
  expect(sources.get(kept.terminal_id)).toMatchObject({ released: true, dismissed: false })
})

test('every change is told, many of them together', async () => {
  const { service, sources, clock } = fakeService()
  const told: string[] = []
  service.subscribe(({ terminal, closed, bell }) =>
    told.push(`${terminal.title}${closed ? ' closed' : ''}${bell ? ' bell' : ''}`),
  )
  const order = openOrder()
  await service.open(order)
  const source = sources.get(order.terminal_id)
  await clock.advance(100)
  for (let at = 0; at < 50; at++) {
    if (source) source.status.title = `title\u001b\n ${at}`
    source?.events?.onStatus()
    if (at === 30) source?.events?.onBell()
  }
  await clock.advance(100)
  expect(told).toEqual(['', 'title 0', 'title 49 bell'])
  source?.finish(0)
  await service.close({ ...order, force: false })
  await clock.advance(1_000)
  expect(told.at(-1)).toBe('title 49 closed')
  expect(source?.dismissed).toBe(true)
  expect(clock.pending).toBe(0)
})

test('a workspace that moved away loses its terminals after a minute, one that comes back keeps them', async () => {
  const { service, clock } = fakeService()
  const [leaving, back] = [openOrder(), openOrder()]
  await service.open(leaving)
  await service.open(back)
  service.workspaceGone(leaving.workspace_id)
  service.workspaceGone(back.workspace_id)
  await clock.advance(30_000)
  service.workspacesServed(new Set([back.workspace_id]))
  await clock.advance(31_000)
  await settle()
  expect(service.statuses().map(({ terminal_id }) => terminal_id)).toEqual([back.terminal_id])
})

test('what cannot be started leaves nothing', async () => {
  const { service, deps } = fakeService({
    launcher: { start: () => Promise.reject(new Error('no')), adopt: async () => [] },
  })
  await expect(service.open(openOrder())).rejects.toThrow('no')
  expect(deps.store.all()).toEqual([])
})
