import { describe, expect, it } from 'vitest'
import { Browser } from '../support/browser.ts'
import type { TargetOf } from '../support/cases.ts'
import { newPerson, newTenant } from '../support/world.ts'

export function documentCases(target: TargetOf): void {
  describe('health and documents', () => {
    it('is alive and ready', async () => {
      for (const path of ['healthz', 'readyz']) expect((await fetch(new URL(path, target().url))).status).toBe(200)
    })

    it('serves the application with a policy of its own', async () => {
      const response = await new Browser(target().url).fetch('login')
      const html = await response.text()
      expect(response.status).toBe(200)
      expect(html).toContain('<meta name="pilot-base" content="/">')
      const policy = response.headers.get('content-security-policy') ?? ''
      expect(policy).toMatch(/script-src 'self'(?: 'sha256-[^']+')+;/)
      expect(policy).not.toMatch(/script-src[^;]*unsafe-inline/)
      expect(response.headers.get('x-content-type-options')).toBe('nosniff')
      const script = /src="(\/assets\/[^"]+\.js)"/.exec(html)?.[1] ?? ''
      const asset = await fetch(new URL(script, target().url))
      expect([asset.status, asset.headers.get('content-type')]).toEqual([200, 'text/javascript; charset=utf-8'])
      expect(asset.headers.get('cache-control')).toContain('immutable')
      await asset.body?.cancel()
    })

    it('answers an unknown slug with 404 to who is signed in, and says nothing to others', async () => {
      const { browser, organization } = await newTenant(target().url)
      const anonymous = new Browser(target().url)
      const stranger = await newPerson(target().url)
      const statusOf = async (who: Browser, path: string) => {
        const response = await who.fetch(path)
        expect(response.headers.get('content-type')).toContain('text/html')
        await response.body?.cancel()
        return response.status
      }
      expect(await statusOf(browser, organization.slug)).toBe(200)
      expect(await statusOf(browser, 'no-such-place')).toBe(404)
      expect(await statusOf(stranger, organization.slug)).toBe(404)
      expect(await statusOf(anonymous, organization.slug)).toBe(200)
      expect(await statusOf(anonymous, 'no-such-place')).toBe(200)
      expect(await statusOf(browser, '')).toBe(200)
    })

    it('answers what no page and no file is as data', async () => {
      const browser = new Browser(target().url)
      for (const path of ['api/no-such-thing', 'assets/none.js', 'assets/..%2f..%2fetc%2fpasswd']) {
        const { status, body, headers } = await browser.json(path, {
          headers: { 'x-pilot-request-id': 'conform-0001' },
        })
        expect([path, status]).toEqual([path, 404])
        expect(body).toMatchObject({ error: { code: 'NOT_FOUND', retryable: false, request_id: 'conform-0001' } })
        expect(headers.get('content-security-policy')).toContain("default-src 'none'")
      }
    })
  })
}
