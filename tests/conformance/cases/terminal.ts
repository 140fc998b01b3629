import { newId } from '@pilot/domain/ids'
import type { TerminalView } from '@pilot/protocol/terminal/rest'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { until } from '../../support/pilot.ts'
import type { TargetOf } from '../support/cases.ts'
import { FakeRuntime } from '../support/fake-runtime.ts'
import { FakeTerminals } from '../support/fake-terminals.ts'
import recorded from '../support/recorded-hello-1.json' with { type: 'json' }
import { TerminalTab } from '../support/terminal-tab.ts'
import { newWorld, type World } from '../support/world.ts'

export function terminalCases(target: TargetOf, sleeps: boolean): void {
  describe('terminals', () => {
    const terminals = new FakeTerminals()
    const id = newId('terminal')
    let world: World
    let tab: TerminalTab
    const path = (rest: string) => `api/chamber/workspaces/${world.workspace.slug}/${rest}`
    const list = async () => (await world.browser.json(path('terminal'))).body.terminals as TerminalView[]
    const rowState = (state: string) =>
      until(`the row to be ${state}`, async () => (await list()).find((row) => row.id === id && row.state === state))

    beforeAll(async () => {
      world = await newWorld(target().url, terminals)
      tab = new TerminalTab(await world.browser.socket(path('ws')), id)
    })
    afterAll(async () => {
      await tab?.socket.close()
      await world?.runtime.disconnect()
    })

    it('starts one, once, and lists it', async () => {
      const made = await world.browser.post(path('terminal'), { id, cwd: 'src' })
      expect(made).toMatchObject({ status: 201, body: { id, state: 'running', cwd: 'src' } })
      expect((await world.browser.post(path('terminal'), { id, cwd: 'src' })).status).toBe(200)
      expect((await world.browser.post(path('terminal'), { id, cwd: 'else' })).status).toBe(409)
      expect(await list()).toMatchObject([{ id, state: 'running' }])
    })

    it('gives a tab what was put out, then what is', async () => {
      terminals.put(id, 'past ')
      await tab.attach()
      expect(tab.text).toBe('past ')
      terminals.put(id, 'present\n')
      await tab.untilText('past present\n')
    })

    it('takes what is typed and says how much was taken', async () => {
      tab.type('echo größe\r')
      await until('the bytes to be accepted', () => tab.accepted === 13)
      await tab.untilText('past present\necho größe\r')
    })

    it('tells sizes in order with the output', async () => {
      const before = tab.order.length
      terminals.put(id, 'a')
      await tab.untilText('past present\necho größe\ra')
      tab.socket.send({ type: 'terminal.resize', terminal_id: id, cols: 100, rows: 30 })
      await until('the size', () => tab.order.includes('100x30'))
      terminals.put(id, 'b')
      await tab.untilText('past present\necho größe\rab')
      expect(tab.order.slice(before)).toEqual(['1', '100x30', '1'])
      await until('the row to have it', async () => (await list())[0]?.cols === 100, 20_000)
    })

    it('carries much, byte by byte, to two tabs', async () => {
      const other = new TerminalTab(await world.browser.socket(path('ws')), id, 'writer-00002')
      await other.attach()
      const lines = Array.from({ length: 20_000 }, (_, n) => `line ${n}\n`).join('')
      terminals.put(id, lines)
      other.type('x')
      const all = `past present\necho größe\rab${lines}x`
      await Promise.all([tab.untilText(all), other.untilText(all)])
      await other.socket.close()
    })

    it('goes on without a gap when the hub or the link was lost between two frames', async () => {
      terminals.put(id, 'one ')
      if (sleeps) await target().hibernate(world.runtime.id)
      else await world.runtime.disconnect()
      terminals.put(id, 'two ')
      if (!sleeps) await world.runtime.connect()
      await until('the tab to attach anew', () => tab.resets > 0, 20_000)
      await tab.untilText(terminals.text(id))
      terminals.put(id, 'three')
      await tab.untilText(terminals.text(id))
      const before = tab.accepted
      tab.type('!')
      await until('input to be accepted again', () => tab.accepted === before + 1)
    })

    it('is nothing to the tabs of another organization', async () => {
      const stranger = await newWorld(target().url, new FakeTerminals())
      const socket = await stranger.browser.socket(`api/chamber/workspaces/${stranger.workspace.slug}/ws`)
      const shape = { terminal_id: id, writer_id: 'writer-00009', cols: 80, rows: 24, visible: true }
      socket.send({ type: 'terminal.attach', request_id: 'stranger-001', ...shape })
      const answer = await socket.wait('the refusal', ({ request_id }) => request_id === 'stranger-001')
      expect(answer).toMatchObject({ type: 'error', code: 'NOT_FOUND' })
      const theirs = `api/chamber/workspaces/${stranger.workspace.slug}/terminal/${id}`
      expect((await stranger.browser.json(theirs)).status).toBe(404)
      expect((await stranger.browser.json(path(`terminal/${id}`))).status).toBe(404)
      await socket.close()
      await stranger.runtime.disconnect()
    })

    it('takes nothing from a session that has ended', async () => {
      const other = await world.browser.copy()
      const gone = new TerminalTab(await other.socket(path('ws')), id, 'writer-00003')
      await gone.attach()
      gone.type('last')
      await until('its bytes to be accepted', () => gone.accepted === 4)
      const before = terminals.text(id)
      await other.post('api/auth/sign-out', {})
      if (!gone.socket.closing) gone.type('too late')
      await until('its socket to be closed', () => gone.socket.closing, 5_000)
      tab.type('.')
      await tab.untilText(`${before}.`)
    })

    it('tells a tab that comes what runs, also when the hub has just lost its memory', async () => {
      if (sleeps) await target().hibernate(world.runtime.id)
      const late = await world.browser.socket(path('ws'))
      const told = await late.wait('what runs', ({ type }) => type === 'terminal.state')
      expect(told).toMatchObject({ terminal: { terminal_id: id, state: 'running' }, closed: false, bell: false })
      await late.close()
    })

    it('shows what has ended, opens it anew, and closes it', async () => {
      terminals.end(id, 3)
      await tab.socket.wait('the end', ({ type, terminal }) => {
        return type === 'terminal.state' && (terminal as { exit_code: unknown }).exit_code === 3
      })
      expect(await rowState('ended')).toMatchObject({ exit_code: 3 })
      expect(await world.browser.post(path(`terminal/${id}/reopen`), {})).toMatchObject({ body: { state: 'running' } })
      const { status } = await world.browser.fetch(path(`terminal/${id}?force=1`), { method: 'DELETE' })
      expect([status, terminals.closed.length, await list()]).toEqual([204, 1, []])
    })

    it('lists them while the machine is away', async () => {
      const another = newId('terminal')
      await world.browser.post(path('terminal'), { id: another })
      await world.runtime.disconnect()
      await until('the hub to notice', async () => (await world.browser.json(path('health'))).status === 503)
      expect(await list()).toMatchObject([{ id: another, state: 'running' }])
      const refused = await world.browser.post(path('terminal'), { id: newId('terminal') })
      expect(refused).toMatchObject({ status: 503, body: { error: { code: 'RUNTIME_OFFLINE' } } })
    })

    it('serves a machine of the release before, which has none; a too old one is told', async () => {
      const { runtime, browser } = world
      const old = new FakeRuntime(target().url, { runtime_id: runtime.id, runtime_token: runtime.token })
      old.recorded = recorded
      const socket = await old.connect()
      expect((await browser.json(path('health'))).status).toBe(200)
      const refused = await browser.post(path('terminal'), { id: newId('terminal') })
      expect(refused).toMatchObject({ status: 501, body: { error: { code: 'CAPABILITY_UNSUPPORTED' } } })
      socket.send({ ...recorded, runtime_id: runtime.id, protocol: { min: 0, max: 0 } })
      await until('the link to close', () => socket.closed)
      expect(socket.closed?.code).toBe(4010)
    })
  })
}
