import { PilotError } from '@pilot/domain/errors'
import { newId } from '@pilot/domain/ids'
import { describe, expect, it } from 'vitest'
import { createHarness } from './testing/harness.ts'

const code = (expected: string) => expect.objectContaining({ code: expected })

describe('create', () => {
  it('makes one session for one id, also when asked twice at once', async () => {
    const h = createHarness()
    const body = { id: newId('agent_session'), title: 'Mine' }
    const [first, second] = await Promise.all([
      h.service.create(h.workspace, h.actor, body),
      h.service.create(h.workspace, h.actor, body),
    ])
    expect([first.created, second.created]).toEqual([true, false])
    expect(second.session).toEqual(first.session)
    expect(first.session).toMatchObject({ id: body.id, title: 'Mine', status: 'idle', created_by: h.actor.user_id })
    expect(h.directories.made.get(body.id)).toBe(1)
    await expect(h.service.create(h.workspace, h.actor, { ...body, title: 'Other' })).rejects.toEqual(code('CONFLICT'))
    await expect(h.service.create(newId('workspace'), h.actor, body)).rejects.toEqual(code('CONFLICT'))
  })

  it('leaves nothing behind when there is no directory for it', async () => {
    const h = createHarness()
    const summaries: unknown[] = []
    h.service.events.subscribe((item) => item.kind === 'summary' && summaries.push(item.summary))
    h.directories.fail = new PilotError('WORKSPACE_ROOT_INVALID')
    const body = { id: newId('agent_session') }
    await expect(h.service.create(h.workspace, h.actor, body)).rejects.toEqual(code('WORKSPACE_ROOT_INVALID'))
    expect(h.service.events.head(body.id)).toBeNull()
    expect(summaries).toEqual([])
    h.directories.fail = null
    expect((await h.service.create(h.workspace, h.actor, body)).created).toBe(true)
    expect(summaries).toHaveLength(1)
  })
})

describe('change', () => {
  it('renames, archives and restores', async () => {
    const h = createHarness()
    const { id } = await h.newSession()
    expect(h.service.change(h.workspace, id, { title: 'Better' }).title).toBe('Better')
    const archived = h.service.change(h.workspace, id, { archived: true })
    expect(archived).toMatchObject({ status: 'archived', attention: 'none', archived_at: expect.any(String) })
    expect(h.service.change(h.workspace, id, { archived: false })).toMatchObject({ status: 'idle', archived_at: null })
    h.prompt(id, 'one')
    expect(() => h.service.change(h.workspace, id, { archived: true })).toThrow(code('CONFLICT'))
    expect(() => h.service.change(newId('workspace'), id, { title: 'x' })).toThrow(code('SESSION_NOT_FOUND'))
    await h.settle()
  })
})

describe('remove', () => {
  it('refuses uncommitted changes and work that goes on, unless forced; then nothing is left but a mark', async () => {
    const h = createHarness()
    const { id } = await h.newSession()
    const command = h.prompt(id, 'one')
    await h.settle()
    await expect(h.service.remove(h.workspace, id, { force: false })).rejects.toEqual(code('CONFLICT'))
    h.engine.answer(h.engine.external(id), 'x')
    h.directories.dirty = true
    await expect(h.service.remove(h.workspace, id, { force: false })).rejects.toEqual(code('WORKTREE_DIRTY'))
    expect(h.state(id).messages).toHaveLength(2)
    expect(h.engine.sessions.size).toBe(1)
    await expect(h.service.remove(newId('workspace'), id, { force: true })).rejects.toEqual(code('SESSION_NOT_FOUND'))
    await h.service.remove(h.workspace, id, { force: true })
    expect(h.engine.sessions.size).toBe(0)
    expect(h.directories.made.size).toBe(0)
    expect(() => h.state(id)).toThrow(code('SESSION_NOT_FOUND'))
    expect(() => h.command(id, command.id)).toThrow(code('SESSION_NOT_FOUND'))
    expect(h.service.events.summaries(h.workspace)).toMatchObject([{ agent_session_id: id, deleted: true }])
    await expect(h.service.create(h.workspace, h.actor, { id })).rejects.toEqual(code('CONFLICT'))
    await h.settle(1_000)
    expect(h.logged).toEqual([])
  })

  it('ends a turn that goes on when forced', async () => {
    const h = createHarness()
    const { id } = await h.newSession()
    h.prompt(id, 'one')
    await h.settle()
    const external = h.engine.external(id)
    await h.service.remove(h.workspace, id, { force: true })
    expect(h.engine.effects.get(`abort:${external}`)).toBe(1)
    await h.settle(5_000)
    expect(h.logged).toEqual([])
  })
})

describe('close', () => {
  it('takes nothing new, leaves no timer, and what was accepted is sent after the next start', async () => {
    const h = createHarness()
    const { id } = await h.newSession()
    const gate = Promise.withResolvers<void>()
    h.engine.before = (call) => (call === 'ensureStarted' ? gate.promise : undefined)
    const { id: command } = h.prompt(id, 'one')
    const closed = h.service.close()
    gate.resolve()
    await closed
    expect(h.clock.pending()).toBe(0)
    expect(() => h.prompt(id, 'two')).toThrow(code('RUNTIME_OFFLINE'))
    expect(h.engine.effects.size).toBe(0)
    h.restart()
    await h.settle()
    expect(h.command(id, command).state).toBe('running')
    expect([...h.engine.effects.values()]).toEqual([1])
  })
})
