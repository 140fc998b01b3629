import { describe, expect, it } from 'vitest'
import { Browser } from '../support/browser.ts'
import type { TargetOf } from '../support/cases.ts'
import { newPerson } from '../support/world.ts'

interface SessionAnswer {
  user: { id: string; email: string } | null
  login: { dev_login: boolean; providers: unknown[] }
}

export function authCases(target: TargetOf): void {
  describe('sign-in', () => {
    it('tells an anonymous browser how to sign in', async () => {
      const answer = await new Browser(target().url).call<SessionAnswer>('query', 'user.session')
      expect(answer).toMatchObject({ user: null, login: { dev_login: true, providers: [] } })
    })

    it('sets a cookie that no script and no other site gets', async () => {
      const response = await new Browser(target().url).fetch('api/auth/dev/login', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ email: 'cookie@example.com' }),
      })
      const [cookie = ''] = response.headers.getSetCookie().filter((line) => line.startsWith('pilot='))
      expect(cookie).toMatch(/HttpOnly/i)
      expect(cookie).toMatch(/SameSite=Strict/i)
      expect(cookie).toMatch(/Path=\/(?:;|$)/i)
      await response.body?.cancel()
    })

    it('ends a session at sign-out, and every copy of its cookie', async () => {
      const browser = await newPerson(target().url)
      const cookie = browser.cookie
      const before = await browser.call<SessionAnswer>('query', 'user.session')
      expect(before.user?.email).toContain('@example.com')
      expect((await browser.post('api/auth/sign-out', {})).status).toBe(200)
      const copy = await new Browser(target().url).json('api/trpc/user.session', { headers: { cookie } })
      expect(copy.body).toMatchObject({ result: { data: { user: null } } })
    })

    it('refuses a used-up or invented owner link', async () => {
      const { status, body } = await new Browser(target().url).post('api/auth/owner-link/redeem', {
        token: 'A'.repeat(43),
      })
      expect([status, body]).toMatchObject([410, { error: { code: 'LINK_EXPIRED' } }])
    })

    it.each([
      ['no proof', { origin: '', 'x-pilot-csrf': '' }],
      ['no header', { 'x-pilot-csrf': '' }],
      ['another site', { origin: 'https://evil.example' }],
      ['another port', { origin: 'http://127.0.0.1:1' }],
      ['no origin to speak of', { origin: 'null' }],
    ])('refuses an unsafe request with %s', async (_, headers) => {
      const browser = await newPerson(target().url)
      const { status, body } = await browser.post('api/trpc/organization.create', { name: 'X' }, headers)
      expect([status, JSON.stringify(body)]).toEqual([403, expect.stringContaining('ORIGIN_REFUSED')])
    })

    it('refuses procedures to an anonymous browser, and unknown ones to all', async () => {
      const call = new Browser(target().url).call('query', 'organization.list')
      await expect(call).rejects.toMatchObject({ status: 401, code: 'UNAUTHENTICATED' })
      const browser = await newPerson(target().url)
      await expect(browser.call('query', 'organization.nothing')).rejects.toMatchObject({ status: 404 })
      await expect(browser.call('query', 'admin.list_procedures')).rejects.toMatchObject({ code: 'NOT_FOUND' })
    })
  })
}
