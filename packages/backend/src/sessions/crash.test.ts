import { type Id, newId } from '@pilot/domain/ids'
import { openNodeSqlite } from '@pilot/domain/sqlite/node-sqlite'
import { COMMAND_FINAL, type Command, type CommandRequest } from '@pilot/protocol/agent/command'
import { fold } from '@pilot/protocol/agent/fold'
import { describe, expect, it } from 'vitest'
import { createSessionService, type SessionService } from './service.ts'
import { crashDb, Killed } from './testing/crash-db.ts'
import { FakeEngine } from './testing/fake-engine.ts'
import { CONTINUITY, FakeDirectories, MODEL } from './testing/harness.ts'
import { manualClock } from './testing/manual-clock.ts'

const workspace = newId('workspace')
const actor = { user_id: newId('user'), role: 'member' as const }

/** One machine: its rows, its directories and its engine outlive the process that is killed. */
function machine() {
  const db = openNodeSqlite()
  const engine = new FakeEngine()
  const directories = new FakeDirectories()
  const clock = manualClock()
  function start(at: Parameters<typeof crashDb>[1]) {
    const attached = engine.attach()
    const file = crashDb(db, at, () => {
      m.killed = true
      attached.kill()
    })
    const service = createSessionService({
      db: file,
      continuity: CONTINUITY,
      instanceId: 'inst_1',
      engine: attached,
      directories,
      currentModel: () => MODEL,
      log: () => undefined,
      clock,
    })
    service.start()
    return { service, file }
  }
  async function settle(service: SessionService) {
    for (const ms of [0, 600, ...Array.from({ length: 31 }, () => 2_000)]) {
      clock.advance(ms)
      // Work of a killed process waits for its engine for ever.
      await Promise.race([service.settled(), new Promise((resolve) => setImmediate(() => setImmediate(resolve)))])
    }
  }
  const m = { killed: false, engine, start, settle }
  return m
}

type Scenario = {
  name: string
  /** What the person and the engine do, from the start; the client repeats every request whose answer it never got. */
  run: (m: ReturnType<typeof machine>, service: SessionService, ids: Ids) => Promise<void>
  /** Requests that the client sends again after it finds the machine back. */
  requests: (ids: Ids) => CommandRequest[]
  effectKeys: number
}
interface Ids {
  session: Id<'agent_session'>
  prompt: Id<'command'>
  second: Id<'command'>
}

const promptRequest = (ids: Ids): CommandRequest => ({
  id: ids.prompt,
  session_id: ids.session,
  kind: 'prompt',
  text: 'do it',
})

const scenarios: Scenario[] = [
  {
    name: 'a prompt that is answered',
    async run(m, service, ids) {
      m.engine.autoAnswer = true
      await service.create(workspace, actor, { id: ids.session })
      service.submit(workspace, ids.session, actor, promptRequest(ids))
      await m.settle(service)
    },
    requests: (ids) => [promptRequest(ids)],
    effectKeys: 1,
  },
  {
    name: 'a prompt, a permission and its reply',
    async run(m, service, ids) {
      await service.create(workspace, actor, { id: ids.session })
      service.submit(workspace, ids.session, actor, promptRequest(ids))
      await m.settle(service)
      const external = m.engine.external(ids.session)
      const message = m.engine.begin(external)
      m.engine.ask(external, 'per_1')
      service.submit(workspace, ids.session, actor, replyRequest(ids))
      await m.settle(service)
      m.engine.finish(external, message)
      m.engine.run(external, { status: 'idle' })
    },
    requests: (ids) => [promptRequest(ids), replyRequest(ids)],
    effectKeys: 2,
  },
  {
    name: 'a prompt that is stopped',
    async run(m, service, ids) {
      await service.create(workspace, actor, { id: ids.session })
      service.submit(workspace, ids.session, actor, promptRequest(ids))
      await m.settle(service)
      m.engine.begin(m.engine.external(ids.session))
      service.submit(workspace, ids.session, actor, abortRequest(ids))
      await m.settle(service)
    },
    requests: (ids) => [promptRequest(ids), abortRequest(ids)],
    effectKeys: 2,
  },
]

function replyRequest(ids: Ids): CommandRequest {
  return { id: ids.second, session_id: ids.session, kind: 'permission', permission_id: 'per_1', reply: 'once' }
}
function abortRequest(ids: Ids): CommandRequest {
  return { id: ids.second, session_id: ids.session, kind: 'abort' }
}

async function attempt(scenario: Scenario, kill: Parameters<typeof crashDb>[1]) {
  const m = machine()
  const ids: Ids = { session: newId('agent_session'), prompt: newId('command'), second: newId('command') }
  const acknowledged = new Map<string, Command>()
  let commits = 0
  try {
    const first = m.start(kill)
    const service: SessionService = {
      ...first.service,
      submit(...args) {
        const command = first.service.submit(...args)
        acknowledged.set(command.id, command)
        return command
      },
    }
    await scenario.run(m, service, ids)
    commits = first.file.commits()
  } catch (error) {
    // The script stumbles over what the dead process did not do; without a kill nothing may fail.
    if (kill === null || !(error instanceof Killed || m.killed)) throw error
  }
  return { m, ids, acknowledged, commits }
}

describe.each(scenarios)('killed during $name', (scenario) => {
  it('has each effect at most once and tells the truth, whichever commit it was killed at', async () => {
    const whole = await attempt(scenario, null)
    expect([...whole.m.engine.effects.values()]).toEqual(Array.from({ length: scenario.effectKeys }, () => 1))
    expect(whole.commits).toBeGreaterThan(8)

    for (let commit = 1; commit <= whole.commits; commit += 1) {
      for (const when of ['before', 'after'] as const) {
        const { m, ids, acknowledged } = await attempt(scenario, { commit, when })
        const place = `killed ${when} commit ${commit}`
        const { service } = m.start(null)
        await m.settle(service)
        // Nothing that was acknowledged is gone.
        for (const id of acknowledged.keys())
          expect(service.command(workspace, ids.session, id as Id<'command'>), place).toBeDefined()
        // The browser repeats what it has no answer to, with the same ids.
        await service.create(workspace, actor, { id: ids.session })
        for (const request of scenario.requests(ids)) {
          try {
            service.submit(workspace, ids.session, actor, request)
          } catch (error) {
            // The ask died with the process before anybody answered it.
            expect(error, place).toMatchObject({ code: 'NOT_FOUND' })
          }
          await m.settle(service)
        }
        for (const [key, times] of m.engine.effects)
          if (!key.startsWith('abort:')) expect([key, times], place).toEqual([key, 1])

        // What still runs ends; then every command is final and says what really happened.
        for (const session of m.engine.sessions.values()) {
          for (const message of session.messages)
            if (message.status === 'running') m.engine.finish(session.external_id, message.id)
          if (session.run.status !== 'idle') m.engine.run(session.external_id, { status: 'idle' })
        }
        await m.settle(service)
        const prompt = service.command(workspace, ids.session, ids.prompt)
        expect(COMMAND_FINAL.has(prompt.state), `${place}: ${prompt.state}`).toBe(true)
        const taken = m.engine.effects.has(prompt.message_id ?? '')
        if (prompt.state === 'done') expect(taken, place).toBe(true)
        if (prompt.state === 'unknown') expect(taken, place).toBe(false)
        const snapshot = service.snapshot(workspace, ids.session, {})
        expect(['idle', 'interrupted', 'error'], place).toContain(snapshot.session.status)
        expect(
          snapshot.messages.filter((message) => message.status === 'running'),
          place,
        ).toEqual([])
        expect([...m.engine.sessions.values()].length, place).toBeLessThanOrEqual(1)
        // The journal's own invariant holds across the crash.
        const events = service.events.read(ids.session, 0, 100_000)
        expect(events.map((entry) => entry.seq)).toEqual(events.map((_, index) => index + 1))
        expect(fold(events.map((entry) => entry.event)).messages, place).toEqual(snapshot.messages)
      }
    }
  })
})
