import { newId } from '@pilot/domain/ids'
import type { AgentEvent, Position } from '@pilot/protocol/agent/event'
import { FakeClock } from '@pilot/protocol/link/fake-clock'
import { afterEach, describe, expect, it } from 'vitest'
import type { SessionWatcher } from '../session/feed.ts'
import type { LinkEvents } from './port.ts'
import { createWorkspaceLink, type WorkspaceLink } from './workspace-link.ts'

const session = newId('agent_session')
type Sent = { type: string; request_id: string; agent_session_id?: string; since?: Position; seq?: number }
const links: WorkspaceLink[] = []
afterEach(() => {
  for (const link of links.splice(0)) link.close()
})

function setUp() {
  const clock = new FakeClock()
  const sent: Sent[] = []
  let events: LinkEvents | null = null
  let visible = true
  let online = true
  let heardAt = 0
  let restarts = 0
  let pageChanged = () => undefined as unknown
  let wakes = 0
  const link = createWorkspaceLink({
    clock,
    open: (handlers) => {
      events = handlers
      return {
        send: (message) => {
          sent.push(message as Sent)
          return true
        },
        sendFrame: () => true,
        badFrames: () => 0,
        ping: () => undefined,
        heardAt: () => heardAt,
        restart: () => {
          restarts++
        },
        wake: () => {
          wakes++
        },
        close: () => undefined,
      }
    },
    page: {
      visible: () => visible,
      online: () => online,
      onChange: (listener) => {
        pageChanged = listener
        return () => undefined
      },
    },
  })
  links.push(link)
  if (!events) throw new Error('the link was not opened')
  return {
    clock,
    sent,
    link,
    socket: events as LinkEvents,
    show: (next: boolean) => {
      visible = next
      pageChanged()
    },
    network: (next: boolean) => {
      online = next
      pageChanged()
    },
    hear: () => {
      heardAt = clock.now()
    },
    wakes: () => wakes,
    restarts: () => restarts,
    last: (type: string) => sent.findLast((message) => message.type === type),
  }
}

function watcher(position: Position | null) {
  const seen: (number | null)[] = []
  let refetches = 0
  const self: SessionWatcher = {
    position: () => position,
    event: (at, event) => {
      seen.push(event ? at.seq : null)
      position = at
    },
    refetch: () => {
      refetches++
    },
  }
  return { self, seen, refetches: () => refetches }
}
const wire = (type: string, fields: object) => ({ schema_version: '1', type, ...fields })
const eventAt = (seq: number, event: AgentEvent | object = { type: 'message.removed', message_id: 'm' }) =>
  wire('agent.event', { agent_session_id: session, epoch: 'e1', seq, event })
const answerProbe = (t: ReturnType<typeof setUp>) =>
  t.socket.message(wire('ack', { request_id: t.last('probe')?.request_id, ok: true, data: {} }))

describe('workspace link', () => {
  it('watches from the position at each connect, and acknowledges', async () => {
    const t = setUp()
    const one = watcher({ epoch: 'e1', seq: 4 })
    t.link.watch(session, one.self)
    expect(t.sent).toEqual([])
    t.socket.up()
    const request = t.last('agent.watch')
    expect(request).toMatchObject({ agent_session_id: session, since: { epoch: 'e1', seq: 4 } })
    t.socket.message(
      wire('agent.watched', {
        request_id: request?.request_id,
        agent_session_id: session,
        epoch: 'e1',
        seq: 4,
        mode: 'replay',
      }),
    )
    t.socket.message(eventAt(5))
    t.socket.message(eventAt(6, { type: 'something.new' }))
    expect(one.seen).toEqual([5, null])
    await t.clock.advance(300)
    expect(t.last('agent.ack')).toMatchObject({ agent_session_id: session, seq: 6 })
    t.socket.down({ retry_at: null, final: false, code: 1006, reason: '' })
    t.socket.up()
    expect(t.last('agent.watch')?.since).toEqual({ epoch: 'e1', seq: 6 })
  })

  it('passes a refetch on, asks again when no answer comes, and fills a hole that the hub announces', async () => {
    const t = setUp()
    const one = watcher({ epoch: 'e1', seq: 4 })
    t.link.watch(session, one.self)
    t.socket.up()
    const first = t.last('agent.watch')?.request_id
    await t.clock.advance(12_000)
    const second = t.last('agent.watch')?.request_id
    expect(second).not.toBe(first)
    const watched = { agent_session_id: session, epoch: 'e2', seq: 1 }
    t.socket.message(wire('agent.watched', { ...watched, mode: 'refetch', request_id: first }))
    expect(one.refetches()).toBe(0)
    t.socket.message(wire('agent.watched', { ...watched, mode: 'refetch', request_id: second }))
    expect(one.refetches()).toBe(1)
    t.socket.message(wire('agent.watched', { ...watched, epoch: 'e1', seq: 9, mode: 'replay' }))
    expect(t.last('agent.watch')?.request_id).not.toBe(second)
    expect(t.last('agent.watch')?.since).toEqual({ epoch: 'e1', seq: 4 })
  })

  it('is live only when a probe came back, says when the machine is away, and measures', async () => {
    const t = setUp()
    expect(t.link.getState().status).toBe('connecting')
    t.socket.up()
    expect(t.link.getState().status).toBe('connecting')
    await t.clock.advance(24)
    answerProbe(t)
    expect(t.link.getState()).toMatchObject({ status: 'live', rtt_ms: 24 })
    let ups = 0
    t.link.onUp(() => ups++)
    t.socket.message(wire('runtime.state', { online: false, since: null }))
    const since = t.clock.now()
    expect(t.link.getState()).toEqual({ status: 'machine_offline', since })
    await t.clock.advance(10_000)
    t.socket.message(
      wire('error', { request_id: t.last('probe')?.request_id, code: 'RUNTIME_OFFLINE', message: '', retryable: true }),
    )
    expect(t.link.getState()).toEqual({ status: 'machine_offline', since })
    t.socket.message(wire('runtime.state', { online: true, since: null }))
    answerProbe(t)
    expect(t.link.getState().status).toBe('live')
    expect(ups).toBe(1)
  })

  it('stops being live when a probe is not answered: a silent connection is replaced, a silent machine is told', async () => {
    const t = setUp()
    t.socket.up()
    answerProbe(t)
    await t.clock.advance(14_000)
    t.hear()
    await t.clock.advance(1_100)
    expect(t.link.getState().status).toBe('machine_offline')
    expect(t.restarts()).toBe(0)
    await t.clock.advance(15_000)
    expect(t.restarts()).toBe(1)
  })

  it('is not live as soon as the browser has no network, whatever was on its way', async () => {
    const t = setUp()
    t.socket.up()
    answerProbe(t)
    await t.clock.advance(10_100)
    const before = t.last('probe')?.request_id
    t.network(false)
    const lost = { status: 'reconnecting', since: t.clock.now(), retry_at: null }
    expect(t.link.getState()).toEqual(lost)
    t.socket.message(wire('ack', { request_id: before, ok: true, data: {} }))
    expect(t.link.getState()).toEqual(lost)
    // The machine may be this very computer: it is asked all the same, and its answer counts.
    expect(t.last('probe')?.request_id).not.toBe(before)
    await t.clock.advance(3)
    t.network(true)
    expect(t.link.getState()).toEqual(lost)
    await t.clock.advance(4)
    answerProbe(t)
    expect(t.link.getState()).toMatchObject({ status: 'live', rtt_ms: 4 })
  })

  it('does not call live what it knew before the page was hidden', async () => {
    const t = setUp()
    t.socket.up()
    answerProbe(t)
    const at = t.clock.now()
    t.show(false)
    await t.clock.advance(60_000)
    t.show(true)
    expect(t.link.getState()).toEqual({ status: 'connecting', since: at })
    answerProbe(t)
    expect(t.link.getState().status).toBe('live')
  })

  it('does not probe while hidden, and does at once when shown', async () => {
    const t = setUp()
    t.socket.up()
    answerProbe(t)
    t.show(false)
    await t.clock.advance(60_000)
    expect(t.sent.filter((message) => message.type === 'probe')).toHaveLength(1)
    t.show(true)
    expect(t.sent.filter((message) => message.type === 'probe')).toHaveLength(2)
    t.socket.down({ retry_at: t.clock.now() + 5_000, final: false, code: null, reason: '' })
    t.show(true)
    expect(t.wakes()).toBe(1)
    expect(t.link.getState().status).toBe('reconnecting')
  })

  it('carries messages and frames of terminals, and tells lists of their states', async () => {
    const t = setUp()
    const heard: unknown[] = []
    const states: string[] = []
    t.link.onTerminalState((message) => states.push(message.terminal.state))
    const stop = t.link.terminals.connect({
      up: () => heard.push('up'),
      down: () => heard.push('down'),
      machine: (online) => heard.push(online),
      message: (message) => heard.push(message.type),
      frame: (frame) => heard.push(frame.channel),
    })
    t.socket.up()
    t.socket.message(wire('runtime.state', { online: false, since: null }))
    t.socket.message(wire('terminal.reset', { reason: 'link' }))
    t.socket.message(wire('terminal.nonsense', {}))
    const terminal = {
      terminal_id: newId('terminal'),
      epoch: 'e1',
      state: 'running',
      exit_code: null,
      reason: null,
      title: '',
      process: '',
      cols: 80,
      rows: 24,
      end_offset: 0,
      mode: 'shared',
      holder: null,
    }
    t.socket.message(wire('terminal.state', { terminal, closed: false, bell: false }))
    t.socket.frame?.({ kind: 1, channel: 7, offset: 0, payload: new Uint8Array() })
    const late: unknown[] = []
    const traffic = { down: () => undefined, message: () => undefined, frame: () => undefined }
    t.link.terminals.connect({ ...traffic, up: () => late.push('up'), machine: (online) => late.push(online) })
    expect(late).toEqual(['up', false])
    t.socket.down({ retry_at: null, final: false, code: 1006, reason: '' })
    expect(heard).toEqual(['up', false, 'terminal.reset', 'terminal.state', 7, 'down'])
    expect(states).toEqual(['running'])
    t.link.terminals.send({ type: 'terminal.detach', terminal_id: newId('terminal') })
    expect(t.last('terminal.detach')).toMatchObject({ schema_version: '1' })
    t.socket.up()
    answerProbe(t)
    t.link.terminals.probe()
    expect(t.sent.filter((message) => message.type === 'probe')).toHaveLength(3)
    stop()
    t.socket.message(wire('terminal.reset', { reason: 'link' }))
    expect(heard).toHaveLength(7)
  })

  it('tells of summaries and refuses for good after a final close', () => {
    const t = setUp()
    const titles: string[] = []
    t.link.onSummary((summary) => titles.push(summary.title))
    const time = '2026-03-02T09:00:00Z'
    const summary = {
      agent_session_id: session,
      workspace_id: newId('workspace'),
      epoch: 'e1',
      seq: 1,
      status: 'busy',
      attention: 'none',
      title: 'Fix it',
      activity: '',
      branch: null,
      additions: 0,
      deletions: 0,
      agent: 'opencode',
      external_id: null,
      parent_id: null,
      created_by: null,
      created_at: time,
      last_activity_at: time,
      archived_at: null,
      deleted: false,
    }
    t.socket.message(wire('agent.summary', { summary }))
    expect(titles).toEqual(['Fix it'])
    t.socket.down({ retry_at: null, final: true, code: 4003, reason: 'revoked' })
    expect(t.link.getState()).toMatchObject({ status: 'refused', code: 4003 })
  })
})
