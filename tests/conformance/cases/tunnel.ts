import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { until } from '../../support/pilot.ts'
import { Browser } from '../support/browser.ts'
import type { TargetOf } from '../support/cases.ts'
import { newPerson, newWorld, type World } from '../support/world.ts'

export function tunnelCases(target: TargetOf): void {
  describe('requests to a machine', () => {
    let world: World
    const path = (rest: string) => `api/chamber/workspaces/${world.workspace.slug}/${rest}`
    beforeAll(async () => {
      world = await newWorld(target().url)
    })
    afterAll(() => world?.runtime.disconnect())

    it('shows the machine as online and the workspace as ready', async () => {
      const { browser, instance, runtime, workspace } = world
      const { items } = await browser.call<{ items: { runtime: unknown }[] }>('query', 'machine.list', {
        instance_id: instance.id,
      })
      expect(items[0]?.runtime).toMatchObject({ id: runtime.id, online: true, os: 'linux' })
      expect(workspace).toMatchObject({ root_path: '/srv/site', machine: { runtime_id: runtime.id, online: true } })
      await runtime.untilWelcome((list) => list.some((w) => w.workspace_id === workspace.id))
    })

    it('carries a request and its answer, and nothing secret', async () => {
      const { status, body, headers } = await world.browser.json(path('health?x=1&y=%20'), {
        headers: {
          'x-forwarded-for': '6.6.6.6',
          'x-opencode-directory': '/etc',
          'x-fine': '1',
        },
      })
      expect(status).toBe(200)
      expect(body).toMatchObject({ method: 'GET', path: '/health?x=1&y=%20' })
      const seen = Object.keys(body.headers as object)
      for (const name of ['cookie', 'authorization', 'x-forwarded-for', 'x-opencode-directory', 'host'])
        expect(seen).not.toContain(name)
      expect(headers.getSetCookie()).toEqual([])
      expect(headers.get('content-security-policy')).toBeTruthy()
      const both = await world.browser.json(path('health'), {
        headers: { authorization: 'Bearer abcdefghijklmnopqrstuvwxyz' },
      })
      expect(both.status).toBe(401)
    })

    it('carries a large body both ways, byte by byte', async () => {
      const text = Array.from({ length: 60_000 }, (_, i) => `line ${i}`).join('\n')
      const { status, body } = await world.browser.json(path('sessions'), {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ text }),
      })
      expect([status, body.method]).toEqual([200, 'POST'])
      expect(body.body).toBe(JSON.stringify({ text }))
    })

    it('streams events as they come, and tells the machine when the reader leaves', async () => {
      const { browser, runtime } = world
      const abort = new AbortController()
      const response = await browser.fetch(path('events'), { signal: abort.signal })
      expect(response.headers.get('content-type')).toContain('text/event-stream')
      const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
      // The machine has sent nothing yet: the head must not wait for it.
      expect((await reader?.read())?.value).toBe(':\n\n')
      expect(runtime.events.size).toBe(1)
      for (const word of ['one', 'two']) {
        runtime.emit(word)
        expect((await reader?.read())?.value).toBe(`data: ${word}\n\n`)
      }
      abort.abort()
      await until('the machine to be told although it is silent', () => runtime.cancelled === 1, 25_000)
    })

    it('refuses outsiders, the anonymous and other sites', async () => {
      const stranger = await newPerson(target().url)
      expect(await stranger.json(path('health'))).toMatchObject({
        status: 404,
        body: { error: { code: 'WORKSPACE_NOT_FOUND' } },
      })
      expect(await new Browser(target().url).json(path('health'))).toMatchObject({ status: 401 })
      const forged = await world.browser.post(path('sessions'), {}, { origin: 'https://evil.example' })
      expect(forged).toMatchObject({ status: 403, body: { error: { code: 'ORIGIN_REFUSED' } } })
    })

    it('says that the machine is away, and works again when it is back', async () => {
      const { browser, runtime } = world
      await runtime.disconnect()
      const away = await until('the hub to notice', async () => {
        const answer = await browser.json(path('health'))
        return answer.status !== 200 && answer
      })
      expect(away).toMatchObject({ status: 503, body: { error: { code: 'RUNTIME_OFFLINE', retryable: true } } })
      await runtime.connect()
      expect((await browser.json(path('health'))).status).toBe(200)
    })

    it('answers the list of sessions without the machine', async () => {
      const { status } = await world.browser.json(path('sessions'))
      expect(status).toBe(200)
    })
  })
}
