import { describe, expect, it } from 'vitest'
import { directoryName, isAbsolute } from './add-directory-form.tsx'
import { slugVerdict } from './slug-field.tsx'

const answer = (slug: string, available: boolean, message: string | null = null) => ({ slug, available, message })

describe('slugVerdict', () => {
  it('applies our own rules before the server is asked', () => {
    expect(slugVerdict('', null)).toEqual({ kind: 'empty' })
    expect(slugVerdict('Not a slug', null).kind).toBe('bad')
    expect(slugVerdict('login', null).kind).toBe('bad')
  })

  it('waits for the answer about this very text', () => {
    expect(slugVerdict('web-shop', null)).toEqual({ kind: 'checking' })
    expect(slugVerdict('web-shop', answer('web-sho', true))).toEqual({ kind: 'checking' })
    expect(slugVerdict('web-shop', answer('web-shop', true))).toEqual({ kind: 'free' })
    expect(slugVerdict('web-shop', answer('web-shop', false, 'Taken.'))).toEqual({ kind: 'bad', message: 'Taken.' })
  })

  it('never refuses the address that the thing has', () => {
    expect(slugVerdict('web-shop', answer('web-shop', false), 'web-shop')).toEqual({ kind: 'free' })
  })
})

describe('paths of directories', () => {
  it('names the last part', () => {
    expect(directoryName('/home/mara/shop/')).toBe('shop')
    expect(directoryName('C:\\work\\shop')).toBe('shop')
    expect(directoryName('')).toBe('')
  })

  it('wants a whole path', () => {
    expect(['/srv/shop', 'C:\\shop', 'c:/shop'].map(isAbsolute)).toEqual([true, true, true])
    expect(['shop', './shop', '~/shop', ''].map(isAbsolute)).toEqual([false, false, false, false])
  })
})
