import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkSlug, generateSlug, parseSlug, RESERVED_INSTANCE_SLUGS, RESERVED_ROOT_SLUGS, slugBase } from './slugs.ts'

describe('generateSlug', () => {
  it('makes a valid slug of any name', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.string()), (name) => {
        expect(checkSlug(generateSlug(name))).toBeNull()
      }),
    )
  })

  it('keeps the readable part and differs each time', () => {
    expect(generateSlug('Café Größe №1')).toMatch(/^cafe-gro-e-no1-[a-z0-9]{6}$/)
    expect(generateSlug('数据')).toMatch(/^space-[a-z0-9]{6}$/)
    expect(slugBase(`${'a'.repeat(39)} b`)).toBe('a'.repeat(39))
    expect(new Set(Array.from({ length: 1_000 }, () => generateSlug('x'))).size).toBe(1_000)
  })
})

describe('parseSlug', () => {
  it.each(['ab', 'acme', 'acme-2', 'a1', 'x'.repeat(63), 'administrator'])('takes %s', (slug) => {
    expect(parseSlug(slug)).toBe(slug)
  })

  it.each([
    ['', /at least 2/],
    ['a', /at least 2/],
    ['x'.repeat(64), /at most 63/],
    ['Acme', /lower-case/],
    ['-acme', /lower-case/],
    ['acme-', /lower-case/],
    ['ac--me', /lower-case/],
    ['ac me', /lower-case/],
    ['..', /lower-case/],
    ['.well-known', /lower-case/],
    ['a/b', /lower-case/],
    ['a%2fb', /lower-case/],
    ['ａｃｍｅ', /only look like "acme"/],
    ['ＡＣＭＥ', /only look like "acme"/],
    ['аcme', /letters a to z/],
    ['caf\u00e9', /letters a to z/],
    ['ac\u200bme', /letters a to z/],
    ['acme\n', /letters a to z/],
  ])('refuses %j', (slug, message) => {
    expect(() => parseSlug(slug)).toThrow(expect.objectContaining({ code: 'VALIDATION_FAILED' }))
    expect(() => parseSlug(slug)).toThrow(message)
  })

  it.each([...RESERVED_ROOT_SLUGS, 'l0gin', '1ogin', 'adm1n', 'adrnin'])('says that %s is reserved', (slug) =>
    expect(() => parseSlug(slug)).toThrow(expect.objectContaining({ code: 'SLUG_RESERVED' })),
  )

  it('knows the pages of an organization apart from the root', () => {
    for (const slug of RESERVED_INSTANCE_SLUGS) expect(checkSlug(slug, 'instance')?.code).toBe('SLUG_RESERVED')
    expect(checkSlug('terminal', 'root')).toBeNull()
    expect(checkSlug('login', 'instance')).toBeNull()
  })

  it('takes nothing but its own alphabet', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 70 }), (text) => {
        if (checkSlug(text) === null) expect(text).toMatch(/^[a-z0-9][a-z0-9-]{0,61}[a-z0-9]$/)
      }),
    )
  })
})
