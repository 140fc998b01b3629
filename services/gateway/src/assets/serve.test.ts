import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { assetPath, serveAsset } from './serve.ts'
import { type AssetStore, acceptedEncodings, contentType, matchesEtag } from './store.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const store: AssetStore = {
  async get(path, accepted) {
    if (path !== 'assets/a-1.js' && path !== 'robots.txt') return null
    const encoding = path === 'assets/a-1.js' ? (accepted[0] ?? null) : null
    return {
      body: bytes(`file ${encoding ?? 'plain'}`),
      type: contentType(path),
      encoding,
      etag: `"${path}-${encoding ?? 'plain'}"`,
      immutable: path.startsWith('assets/'),
    }
  },
}
const get = (path: string, init?: RequestInit) => serveAsset(new Request('http://x/', init), path, store)

describe('acceptedEncodings', () => {
  it.each([
    [null, []],
    ['', []],
    ['gzip, deflate, br, zstd', ['br', 'gzip']],
    ['GZIP;q=0.5', ['gzip']],
    ['br;q=0, gzip', ['gzip']],
    ['br;q=0.0, *', ['gzip']],
    ['*', ['br', 'gzip']],
    ['identity', []],
  ])('%j', (header, expected) => expect(acceptedEncodings(header)).toEqual(expected))
})

describe('matchesEtag', () => {
  it.each([
    ['"a"', true],
    ['W/"a"', true],
    ['"b", "a"', true],
    ['*', true],
    ['"b"', false],
    [null, false],
  ])('%j', (header, expected) => expect(matchesEtag(header, '"a"')).toBe(expected))
})

describe('assetPath', () => {
  it.each([
    ['/assets/a-1.js', 'assets/a-1.js'],
    ['/assets/deep/b.woff2', 'assets/deep/b.woff2'],
    ['/robots.txt', 'robots.txt'],
    ['/', null],
    ['/acme', null],
    ['/acme/main', null],
    ['/.well-known/x', null],
    ['/acme/.env', null],
    ['/acme/../../etc/passwd.txt', null],
  ])('%s', (path, expected) => expect(assetPath(path)).toBe(expected))

  it.each([
    '/assets',
    '/assets/',
    '/assets/../index.html',
    '/assets/%2e%2e/x.js',
    '/assets/..%2fx.js',
    '/assets/a\\b.js',
    '/assets/.env',
    '/assets/a\0.js',
    '/assets//x.js',
    '/assets/plain',
    `/assets/${'x'.repeat(600)}.js`,
  ])('refuses %j', (path) => expect(() => assetPath(path)).toThrow(expect.objectContaining({ code: 'NOT_FOUND' })))

  it('never gives a path that leaves the build', () => {
    const part = fc.oneof(fc.constantFrom('..', '.', '%2e%2e', '', 'assets', 'a.js', '\\', '\0'), fc.string())
    fc.assert(
      fc.property(fc.array(part), (parts) => {
        let path: string | null = null
        try {
          path = assetPath(`/${parts.join('/')}`)
        } catch {
          return
        }
        if (path !== null) expect(path).toMatch(/^(?!.*(?:^|\/)\.)(?!.*\/\/)[\w.~@$/-]+$/)
      }),
    )
  })
})

describe('serveAsset', () => {
  it('serves a hashed file for ever, in the best coding', async () => {
    const response = await get('assets/a-1.js', { headers: { 'accept-encoding': 'gzip, br' } })
    expect(await response?.text()).toBe('file br')
    expect(Object.fromEntries(response?.headers ?? [])).toMatchObject({
      'content-type': 'text/javascript; charset=utf-8',
      'content-encoding': 'br',
      'cache-control': 'public, max-age=31536000, immutable',
      'content-length': '7',
      vary: 'accept-encoding',
    })
  })

  it('serves other files for now', async () => {
    const response = await get('robots.txt', { headers: { 'accept-encoding': 'br' } })
    expect(await response?.text()).toBe('file plain')
    expect(response?.headers.get('cache-control')).toBe('no-cache')
    expect(response?.headers.has('content-encoding')).toBe(false)
  })

  it('answers HEAD and an unchanged tag without a body', async () => {
    const head = await get('assets/a-1.js', { method: 'HEAD' })
    expect([head?.status, head?.headers.get('content-length'), await head?.text()]).toEqual([200, '10', ''])
    const unchanged = await get('robots.txt', { headers: { 'if-none-match': '"robots.txt-plain"' } })
    expect([unchanged?.status, await unchanged?.text()]).toEqual([304, ''])
    const other = await get('assets/a-1.js', {
      headers: { 'if-none-match': '"assets/a-1.js-plain"', 'accept-encoding': 'br' },
    })
    expect(other?.status).toBe(200)
  })

  it('knows no siblings and no other files', async () => {
    expect(await get('assets/a-1.js.br')).toBeNull()
    expect(await get('assets/b.js')).toBeNull()
  })
})
