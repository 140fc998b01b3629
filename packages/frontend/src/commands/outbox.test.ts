import { newId } from '@pilot/domain/ids'
import type { Command, CommandRequest } from '@pilot/protocol/agent/command'
import { FakeClock, settle } from '@pilot/protocol/link/fake-clock'
import { afterEach, describe, expect, it } from 'vitest'
import { PilotClientError } from '../errors.ts'
import type { SessionId } from '../runtime/runtime-apis.ts'
import { fakeCommand, fakeSession } from '../testing/fake-runtime.ts'
import { FakeBrowser } from '../testing/fake-tabs.ts'
import { createOutbox, type Outbox } from './outbox.ts'
import { outboxPrefix, PROMPT_HOLD_MS } from './outbox-record.ts'

const userId = newId('user')
const slug = 'web-shop'
const session = newId('agent_session')
const boxes: Outbox[] = []
afterEach(() => {
  for (const box of boxes.splice(0)) box.close()
})

const offline = new PilotClientError('RUNTIME_OFFLINE', 'The machine is offline.')
const noAnswer = new PilotClientError('NETWORK', 'no answer')

/** A machine that stores commands by id, and that can be away, silent after storing, or unwilling. */
class Machine {
  mode: 'up' | Error | 'lose-answer' = 'up'
  hold: Promise<void> | null = null
  readonly log: string[] = []
  readonly stored = new Map<string, CommandRequest>()
  readonly sessions = {
    create: async ({ id }: { id: SessionId }) => {
      this.log.push(`create ${id}`)
      await this.hold
      if (this.mode instanceof Error) throw this.mode
      return fakeSession(id)
    },
  }
  readonly commands = {
    send: async (request: CommandRequest): Promise<Command> => {
      this.log.push(`${request.kind} ${request.id}`)
      await this.hold
      if (this.mode instanceof Error) throw this.mode
      this.stored.set(request.id, request)
      if (this.mode === 'lose-answer') throw noAnswer
      return fakeCommand(request.session_id, request.id)
    },
    get: () => Promise.reject(new Error('not used')),
  }
}

function open(
  machine: Machine,
  browser: FakeBrowser,
  clock: FakeClock,
  more: { preflight?: () => Promise<void> } = {},
) {
  const confirmed: string[] = []
  const apis = { slug, sessions: machine.sessions, commands: machine.commands }
  const onCommand = (command: Command) => confirmed.push(command.id)
  const box = createOutbox({ userId, apis, ...browser.tab(), clock, onCommand, ...more })
  boxes.push(box)
  return { box, confirmed }
}
const prompt = (text = 'do it', to = session): CommandRequest => ({
  kind: 'prompt',
  id: newId('command'),
  session_id: to,
  text,
})

describe('outbox', () => {
  it('sends, hands over what the machine stored, and forgets', async () => {
    const [machine, browser, clock] = [new Machine(), new FakeBrowser(), new FakeClock()]
    const { box, confirmed } = open(machine, browser, clock)
    const request = prompt()
    box.add(request)
    expect(box.records()).toHaveLength(1)
    await settle()
    expect(confirmed).toEqual([request.id])
    expect(box.records()).toEqual([])
    expect(browser.entries.size).toBe(0)
    expect(clock.pending).toBe(0)
  })

  it('leaves a prompt "not sent yet" while the machine is offline, lets it be cancelled, sends it once when it is back', async () => {
    const [machine, browser, clock] = [new Machine(), new FakeBrowser(), new FakeClock()]
    machine.mode = offline
    const { box } = open(machine, browser, clock)
    const [first, second] = [prompt('one'), prompt('two')]
    box.add(first)
    box.add(second)
    await settle()
    expect(box.records().map((record) => record.state)).toEqual(['waiting', 'waiting'])
    expect(box.cancel(first.id)).toBe(true)
    machine.mode = 'up'
    machine.log.length = 0
    box.flush()
    await settle()
    expect(machine.log).toEqual([`prompt ${second.id}`])
    expect(box.records()).toEqual([])
  })

  it('knows without asking that it is offline, so that nothing is in doubt', async () => {
    const [machine, browser, clock] = [new Machine(), new FakeBrowser(), new FakeClock()]
    let up = false
    const preflight = async () => {
      if (!up) throw noAnswer
    }
    const { box } = open(machine, browser, clock, { preflight })
    box.add(prompt())
    await settle()
    expect(machine.log).toEqual([])
    expect(box.records()[0]).toMatchObject({ state: 'waiting', error: { code: 'NETWORK' } })
    up = true
    await clock.advance(1_000)
    expect(machine.log).toHaveLength(1)
    expect(box.records()).toEqual([])
  })

  it('sends again with the same id when no answer came, and does not let it be taken back', async () => {
    const [machine, browser, clock] = [new Machine(), new FakeBrowser(), new FakeClock()]
    machine.mode = 'lose-answer'
    const { box, confirmed } = open(machine, browser, clock)
    const request = prompt()
    box.add(request)
    await settle()
    expect(box.records()[0]?.state).toBe('unconfirmed')
    expect(box.cancel(request.id)).toBe(false)
    // One try that certainly did not arrive says nothing about the try before.
    machine.mode = offline
    await clock.advance(1_000)
    expect(box.records()[0]?.state).toBe('unconfirmed')
    machine.mode = 'up'
    await clock.advance(30_000)
    expect(confirmed).toEqual([request.id])
    expect(machine.stored.size).toBe(1)
  })

  it('survives a reload between writing and the answer', async () => {
    const [machine, browser, clock] = [new Machine(), new FakeBrowser(), new FakeClock()]
    machine.hold = new Promise(() => undefined)
    const before = open(machine, browser, clock)
    const request = prompt()
    before.box.add(request)
    await settle()
    before.box.close()
    const again = new Machine()
    const fresh = new FakeBrowser()
    for (const [key, value] of browser.entries) fresh.entries.set(key, value)
    const after = open(again, fresh, clock)
    await settle()
    expect([...again.stored.keys()]).toEqual([request.id])
    expect(after.confirmed).toEqual([request.id])
  })

  it('is sent by one of two tabs, and both show the same', async () => {
    const [machine, browser, clock] = [new Machine(), new FakeBrowser(), new FakeClock()]
    let release = () => undefined as unknown
    machine.hold = new Promise((resolve) => {
      release = () => resolve()
    })
    const [one, two] = [open(machine, browser, clock), open(machine, browser, clock)]
    one.box.add(prompt())
    await settle()
    two.box.flush()
    await settle()
    expect(machine.log).toHaveLength(1)
    expect(two.box.records()).toEqual(one.box.records())
    expect(two.box.records()[0]?.state).toBe('sending')
    release()
    await settle()
    expect(two.box.records()).toEqual([])
    await clock.advance(60_000)
    expect(machine.log).toHaveLength(1)
  })

  it('sends the session first, and nothing of it when it is refused', async () => {
    const [machine, browser, clock] = [new Machine(), new FakeBrowser(), new FakeClock()]
    const { box } = open(machine, browser, clock)
    machine.mode = new PilotClientError('GIT_UNAVAILABLE', 'git is missing')
    box.add({ kind: 'create', id: session, session_id: session, body: { id: session } })
    const request = prompt()
    box.add(request)
    await clock.advance(60_000)
    expect(machine.log).toEqual([`create ${session}`, `create ${session}`].slice(0, machine.log.length))
    expect(box.records().map((record) => record.state)).toEqual(['refused', 'waiting'])
    machine.mode = 'up'
    box.sendNow(session)
    await settle()
    expect([...machine.stored.keys()]).toEqual([request.id])
    expect(box.records()).toEqual([])
  })

  it('reports a refusal once and goes on with the next prompt', async () => {
    const [machine, browser, clock] = [new Machine(), new FakeBrowser(), new FakeClock()]
    machine.mode = new PilotClientError('CONFLICT', 'no')
    const { box } = open(machine, browser, clock)
    const refused = prompt()
    box.add(refused)
    await clock.advance(60_000)
    expect(machine.log).toHaveLength(1)
    machine.mode = 'up'
    box.add(prompt())
    await settle()
    expect(box.records().map((record) => record.request.id)).toEqual([refused.id])
  })

  it('holds an old prompt until it is asked, and drops an old stop', async () => {
    const [machine, browser, clock] = [new Machine(), new FakeBrowser(), new FakeClock()]
    machine.mode = offline
    const before = open(machine, browser, clock)
    const request = prompt()
    before.box.add(request)
    before.box.add({ kind: 'abort', id: newId('command'), session_id: session })
    await settle()
    before.box.close()
    machine.mode = 'up'
    machine.log.length = 0
    await clock.advance(PROMPT_HOLD_MS + 1_000)
    const { box } = open(machine, browser, clock)
    await settle()
    expect(machine.log).toEqual([])
    expect(box.records().map((record) => [record.request.kind, record.state])).toEqual([['prompt', 'held']])
    box.sendNow(request.id)
    await settle()
    expect(machine.log).toEqual([`prompt ${request.id}`])
  })

  it('never sends what was written for another user, workspace or session', async () => {
    const [machine, browser, clock] = [new Machine(), new FakeBrowser(), new FakeClock()]
    const source = new FakeBrowser()
    machine.mode = offline
    const other = open(machine, source, clock)
    other.box.add(prompt())
    await settle()
    other.box.close()
    const [[key, value] = ['', '']] = [...source.entries]
    browser.entries.set(`${outboxPrefix(userId, 'another')}${session}.x`, value)
    browser.entries.set(key.replace(session, newId('agent_session')), value)
    browser.entries.set(`${outboxPrefix(userId, slug)}junk`, '{')
    machine.mode = 'up'
    machine.log.length = 0
    const { box } = open(machine, browser, clock)
    box.flush()
    await clock.advance(60_000)
    expect(machine.log).toEqual([])
    expect(box.records()).toEqual([])
  })

  it('works for the tab when storage is full', async () => {
    const [machine, browser, clock] = [new Machine(), new FakeBrowser(), new FakeClock()]
    browser.full = true
    const { box, confirmed } = open(machine, browser, clock)
    box.add(prompt())
    await settle()
    expect(confirmed).toHaveLength(1)
    expect(box.records()).toEqual([])
  })
})
