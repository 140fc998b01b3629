import { describe, expect, it } from 'vitest'
import { safeNext, takeOwnerSecret } from './auth.ts'
import { readBase } from './base.ts'

describe('takeOwnerSecret', () => {
  const at = (hash: string) => {
    const replaced: unknown[] = []
    const history = { state: { key: 1 }, replaceState: (...args: unknown[]) => replaced.push(args) }
    const location = { hash, pathname: '/pilot/login', search: '?next=%2Facme' }
    return { replaced, win: { location, history } as unknown as Window }
  }

  it('gives the secret and takes it out of the address, keeping the rest', () => {
    const { win, replaced } = at('#owner=s3cret-_x')
    expect(takeOwnerSecret(win)).toBe('s3cret-_x')
    expect(replaced).toEqual([[{ key: 1 }, '', '/pilot/login?next=%2Facme']])
  })

  it('touches nothing where there is none', () => {
    const { win, replaced } = at('#section')
    expect(takeOwnerSecret(win)).toBeNull()
    expect(replaced).toEqual([])
  })
})

describe('safeNext', () => {
  it.each(['/acme', '/acme/shop?dialog=model', '/web-shop/s/ags_1'])('takes %s', (path) =>
    expect(safeNext(path)).toBe(path),
  )
  it.each([
    undefined,
    '',
    'acme',
    'https://evil.test',
    '//evil.test',
    '/\\evil.test',
    '\\\\evil',
    'javascript:alert(1)',
    '/\t/evil.test',
  ])('turns %j into the start page', (path) => expect(safeNext(path)).toBe('/'))
})

describe('readBase', () => {
  const doc = (content: string | null) => ({
    querySelector: () => (content === null ? null : { getAttribute: () => content }),
  })
  it.each([
    ['/', '/'],
    ['/pilot/', '/pilot/'],
    ['/a/b.c/', '/a/b.c/'],
    ['/pilot', '/'],
    ['//evil.test/', '/'],
    ['https://evil.test/', '/'],
    [null, '/'],
  ])('reads %j as %s', (content, base) => {
    expect(readBase(doc(content) as unknown as Document)).toBe(base)
  })
})
