import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { baseRewrite } from './router-rewrite.ts'

const url = (path: string) => new URL(path, 'http://host')
const segments = fc.array(fc.stringMatching(/^[a-z0-9-]{1,8}$/), { maxLength: 4 })

describe('baseRewrite', () => {
  it('does nothing at the root', () => {
    expect(baseRewrite('/')).toBeUndefined()
  })

  it('takes the base path off and puts it on again', () => {
    const rewrite = baseRewrite('/pilot/')!
    expect(rewrite.input({ url: url('/pilot') }).pathname).toBe('/')
    expect(rewrite.input({ url: url('/pilot/acme?x=1#y') }).href).toBe('http://host/acme?x=1#y')
    expect(rewrite.output({ url: url('/acme?x=1') }).href).toBe('http://host/pilot/acme?x=1')
    expect(rewrite.output({ url: url('/') }).pathname).toBe('/pilot/')
  })

  it('leaves a path alone that only begins alike', () => {
    expect(baseRewrite('/pilot/')!.input({ url: url('/pilots/x') }).pathname).toBe('/pilots/x')
  })

  it('gives back every path of the app', () => {
    fc.assert(
      fc.property(
        segments.filter((parts) => parts[0] !== 'a'),
        (parts) => {
          const rewrite = baseRewrite('/a/b/')!
          const path = `/${parts.join('/')}`
          expect(rewrite.input({ url: rewrite.output({ url: url(path) }) }).pathname).toBe(path)
        },
      ),
    )
  })
})
