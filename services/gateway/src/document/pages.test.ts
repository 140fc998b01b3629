import { describe, expect, it } from 'vitest'
import type { AssetStore } from '../assets/store.ts'
import { createPages } from './pages.ts'
import { basePathOf, renderShell } from './shell.ts'
import { documentSlug } from './slug.ts'

const BUILT = `<!DOCTYPE html><html><head><meta charset="utf-8"/><link rel="stylesheet" href="./assets/app.css"/>
<script>window.a=1</script></head><body><script type="application/json">{"x":"/./assets/a.js"}</script>
<script type="module" async="" src="./assets/a.js"></script><p>"./assets" stays</p></body></html>`

const storeOf = (files: Record<string, string>): AssetStore => ({
  get: async (path) => {
    const text = files[path]
    if (text === undefined) return null
    return { body: new TextEncoder().encode(text), type: 'text/plain', encoding: null, etag: '"t"', immutable: true }
  },
})
const files = { 'index.html': BUILT, 'assets/a.js': 'code' }
const pages = (base_url = 'http://localhost:14070/', compress = false, store = storeOf(files)) =>
  createPages({ store, base_url, compress })
const get = (path: string, init?: RequestInit) => new Request(`http://localhost:14070${path}`, init)

describe('renderShell', () => {
  it.each(['/', '/pilot/', '/a/b-c/'])('writes the base %s into tag and URLs', async (base) => {
    const { html } = await renderShell(BUILT, base)
    expect(html).toContain(`<head><meta name="pilot-base" content="${base}">`)
    expect(html).toContain(`href="${base}assets/app.css"`)
    expect(html).toContain(`src="${base}assets/a.js"`)
    expect(html).toContain(`{"x":"${base}assets/a.js"}`)
    expect(html).toContain('"./assets" stays')
  })

  it('allows exactly the inline scripts that it serves', async () => {
    const { html, policy } = await renderShell(BUILT, '/pilot/')
    const expected = []
    for (const script of ['window.a=1', '{"x":"/pilot/assets/a.js"}']) {
      expect(html).toContain(`>${script}</script>`)
      const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(script))
      expected.push(`'sha256-${Buffer.from(digest).toString('base64')}'`)
    }
    expect(policy).toContain(`script-src 'self' ${expected.join(' ')};`)
    expect(policy).not.toMatch(/script-src[^;]*unsafe/)
    for (const rule of [
      "style-src 'self' 'unsafe-inline'",
      "img-src 'self' data:",
      "font-src 'self'",
      "connect-src 'self'",
      "manifest-src 'self'",
      "worker-src 'self'",
      "object-src 'none'",
      "base-uri 'none'",
      "frame-ancestors 'none'",
    ])
      expect(policy.split('; ')).toContain(rule)
  })

  it('takes no base path that could break out of the tag', async () => {
    await expect(renderShell(BUILT, '/"><script>/')).rejects.toThrow()
    expect(() => basePathOf('https://host/a b/')).toThrow(/PILOT_BASE_URL/)
    expect(basePathOf('https://host/pilot')).toBe('/pilot/')
    expect(basePathOf('https://host')).toBe('/')
  })
})

describe('createPages', () => {
  it('gives the same document for found and unknown pages, with 200 and 404', async () => {
    const found = await pages().fetch(get('/acme'), true)
    const missing = await pages().fetch(get('/acme'), false)
    expect([found.status, missing.status]).toEqual([200, 404])
    expect(await found.text()).toBe(await missing.text())
    expect(found.headers.get('cache-control')).toBe('private, no-cache')
    expect(missing.headers.get('cache-control')).toBe('no-store')
    expect(missing.headers.has('etag')).toBe(false)
  })

  it('sets the security headers, and HSTS under https alone', async () => {
    const plain = (await pages().fetch(get('/'), true)).headers
    expect(plain.get('x-content-type-options')).toBe('nosniff')
    expect(plain.get('referrer-policy')).toBeTruthy()
    expect(plain.get('permissions-policy')).toBeTruthy()
    expect(plain.has('strict-transport-security')).toBe(false)
    const secure = await pages('https://example.com/').fetch(get('/'), true)
    expect(secure.headers.get('strict-transport-security')).toContain('max-age=')
    expect((await pages().fetch(get('/assets/a.js'), true)).headers.get('x-content-type-options')).toBe('nosniff')
  })

  it.each(['/pilot/assets/a.js', '/assets/a.js'])('serves %s whether a proxy strips or not', async (path) => {
    const response = await pages('http://localhost:14070/pilot/').fetch(get(path), true)
    expect(await response.text()).toBe('code')
  })

  it('serves the document for any page, also under its own name', async () => {
    for (const path of ['/', '/acme/main', '/index.html', '/a.b/c'])
      expect(await (await pages().fetch(get(path), true)).text()).toContain('pilot-base')
  })

  it('answers a missing file as data, never with the document', async () => {
    for (const path of ['/assets/gone.js', '/assets/%2e%2e%2findex', '/favicon.ico']) {
      const response = await pages().fetch(get(path), true)
      expect(response.status).toBe(404)
      expect(await response.json()).toMatchObject({ error: { code: 'NOT_FOUND' } })
    }
  })

  it('answers HEAD, 304 and 405', async () => {
    const head = await pages().fetch(get('/acme', { method: 'HEAD' }), true)
    expect([head.status, await head.text()]).toEqual([200, ''])
    const etag = head.headers.get('etag') ?? ''
    const again = await pages().fetch(get('/acme', { headers: { 'if-none-match': etag } }), true)
    expect([again.status, await again.text()]).toEqual([304, ''])
    expect((await pages().fetch(get('/acme', { headers: { 'if-none-match': etag } }), false)).status).toBe(404)
    expect((await pages().fetch(get('/acme', { method: 'POST' }), true)).status).toBe(405)
  })

  it('compresses the document on demand, under a tag of its own', async () => {
    const accept = { headers: { 'accept-encoding': 'gzip' } }
    const response = await pages(undefined, true).fetch(get('/', accept), true)
    expect(response.headers.get('content-encoding')).toBe('gzip')
    const stream = response.body?.pipeThrough(new DecompressionStream('gzip'))
    expect(await new Response(stream).text()).toContain('pilot-base')
    expect(response.headers.get('etag')).not.toBe((await pages().fetch(get('/', accept), true)).headers.get('etag'))
  })

  it('says that the build is missing', async () => {
    const response = await pages(undefined, false, storeOf({})).fetch(get('/'), true)
    expect(response.status).toBe(503)
    expect(await response.text()).toContain('missing')
  })

  it('tries again after a failed read', async () => {
    let fail = true
    const good = storeOf(files)
    const store: AssetStore = { get: (...args) => (fail ? Promise.reject(new Error('disk')) : good.get(...args)) }
    const flaky = pages(undefined, false, store)
    expect((await flaky.fetch(get('/'), true)).status).toBe(500)
    fail = false
    expect((await flaky.fetch(get('/'), true)).status).toBe(200)
  })
})

describe('documentSlug', () => {
  it.each([
    ['/', null],
    ['/login', null],
    ['/new-organization', null],
    ['/admin/users', null],
    ['/acme', 'acme'],
    ['/acme/main', 'acme'],
    ['/No-Slug', 'No-Slug'],
  ])('%s', (path, expected) => expect(documentSlug(path)).toBe(expected))
})
