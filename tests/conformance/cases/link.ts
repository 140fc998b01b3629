import { newId } from '@pilot/domain/ids'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { until } from '../../support/pilot.ts'
import { Browser } from '../support/browser.ts'
import type { TargetOf } from '../support/cases.ts'
import { TestSocket } from '../support/socket.ts'
import { newPerson, newWorld, type World } from '../support/world.ts'

export function linkCases(target: TargetOf, sleeps: boolean): void {
  describe('sockets', () => {
    let world: World
    let viewer: TestSocket
    const session = newId('agent_session')
    const workspacePath = () => `api/chamber/workspaces/${world.workspace.slug}/ws`
    const commit = () => world.runtime.commit(world.workspace.id, session)
    beforeAll(async () => {
      world = await newWorld(target().url)
      viewer = await world.browser.socket(workspacePath())
      for (let i = 0; i < 7; i += 1) commit()
    })
    afterAll(async () => {
      await viewer?.close()
      await world?.runtime.disconnect()
    })

    it('refuses an upgrade from another site, without a session, and to outsiders', async () => {
      const stranger = await newPerson(target().url)
      const organization = `api/ws/${world.organization.id}`
      for (const path of [workspacePath(), organization]) {
        for (const origin of ['https://evil.example', 'null', '', `${world.browser.origin}.evil.example`])
          expect(await TestSocket.refusal(world.browser.socket(path, { origin }))).toBeNull()
        expect(await TestSocket.refusal(stranger.socket(path))).toBe(4004)
        // A tab cannot see why an upgrade fails, so it is let in and told.
        expect(await TestSocket.refusal(new Browser(world.browser.url).socket(path))).toBe(4003)
      }
    })

    it('answers pings and probes the whole way', async () => {
      viewer.raw.send('ping')
      await until('a pong', () => viewer.pongs.includes('pong'))
      viewer.send({ type: 'probe', request_id: 'probe-0001', nonce: 'n1' })
      const answer = await viewer.wait('the probe', ({ request_id }) => request_id === 'probe-0001')
      expect(answer).toMatchObject({ type: 'ack', data: { nonce: 'n1' } })
    })

    it('refuses what it does not know, and goes on', async () => {
      viewer.send({ type: 'no.such.thing', request_id: 'unknown-0001' })
      const answer = await viewer.wait('the refusal', ({ request_id }) => request_id === 'unknown-0001')
      expect(answer).toMatchObject({ type: 'error', code: 'UNSUPPORTED_MESSAGE' })
    })

    it('brings the events of a watched session, and no others', async () => {
      viewer.send({ type: 'agent.watch', request_id: 'watch-00001', agent_session_id: session })
      const watched = await viewer.wait('the watch', ({ type }) => type === 'agent.watched')
      expect(watched).toMatchObject({ request_id: 'watch-00001', epoch: 'e1', seq: 7, agent_session_id: session })
      commit()
      const event = await viewer.wait('the event', ({ type }) => type === 'agent.event')
      expect(event).toMatchObject({ seq: 8, event: { type: 'message.removed', message_id: 'm8' } })
      viewer.send({ type: 'agent.ack', agent_session_id: session, seq: 8 })
      // The acknowledgement has no answer: whatever comes back for the next message was handled after it.
      viewer.send({ type: 'probe', request_id: 'probe-0002', nonce: 'n2' })
      await viewer.wait('the probe', ({ request_id }) => request_id === 'probe-0002')
    })

    if (sleeps)
      it('goes on after the hub has slept', async () => {
        await target().hibernate(world.runtime.id)
        commit()
        await viewer.wait('the event after the sleep', ({ type, seq }) => type === 'agent.event' && seq === 9)
        expect(viewer.closed).toBeNull()
        expect(world.runtime.socket?.closed).toBeNull()
        const path = `api/chamber/workspaces/${world.workspace.slug}/health`
        await until('requests to work again', async () => (await world.browser.json(path)).status === 200)
      })

    it('tells the tabs of the organization what is stale', async () => {
      const tab = await world.browser.socket(`api/ws/${world.organization.id}`)
      await world.browser.call('mutation', 'machine.create', { instance_id: world.instance.id, name: 'another' })
      const message = await tab.wait('the invalidation', ({ type }) => type === 'invalidate')
      expect(message.keys).toContainEqual(expect.arrayContaining(['machine', 'list']))
      await tab.close()
    })

    it('shows a session that the machine reports in the list', async () => {
      const { workspace, runtime, browser } = world
      const now = new Date().toISOString()
      const summary = {
        agent_session_id: session,
        workspace_id: workspace.id,
        epoch: 'e1',
        seq: 10,
        status: 'waiting',
        attention: 'permission',
        title: 'Fix the build',
        activity: 'Run the tests?',
        branch: 'fix',
        additions: 3,
        deletions: 1,
        agent: 'opencode',
        external_id: null,
        parent_id: null,
        created_by: null,
        created_at: now,
        last_activity_at: now,
        archived_at: null,
        deleted: false,
      }
      runtime.socket?.send({ type: 'agent.summary', summary })
      runtime.socket?.send({ type: 'agent.summary', summary: { ...summary, seq: 9, title: 'older' } })
      await viewer.wait('the summary', ({ type }) => type === 'agent.summary')
      const listed = await until('the row', async () => {
        const { items } = await browser.call<{ items: unknown[] }>('query', 'workspace.sessions', {
          workspace_slug: workspace.slug,
        })
        return items.length > 0 && items
      })
      expect(listed).toMatchObject([{ id: session, title: 'Fix the build', attention: 'permission', seq: 10 }])
    })

    it('closes the sockets of a session that ends', async () => {
      const { organization, workspace } = world
      // The same person in a second browser: only the socket of the ended session is closed.
      const other = await world.browser.copy()
      const socket = await other.socket(`api/chamber/workspaces/${workspace.slug}/ws`)
      const tab = await other.socket(`api/ws/${organization.id}`)
      await other.post('api/auth/sign-out', {})
      await until('both sockets to be told', () => socket.closing && tab.closing, 5_000)
      await until('both sockets to close', () => socket.closed && tab.closed)
      expect([socket.closed?.code, tab.closed?.code]).toEqual([4003, 4003])
      expect(viewer.closed).toBeNull()
    })

    it('closes the link of a revoked machine at once, and lets it in no more', async () => {
      const { browser, machine, runtime } = world
      const { socket } = runtime
      await browser.call('mutation', 'machine.revoke', { machine_id: machine.id })
      await until('the link to be told', () => socket?.closing, 5_000)
      await until('the link to close', () => socket?.closed)
      expect(socket?.closed?.code).toBe(4003)
      await expect(runtime.connect()).rejects.toThrow(/refused/)
    })
  })
}
