import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { asOneLine, checkPaste, pasteParts, pastePreview } from './paste-guard.ts'

describe('checkPaste', () => {
  it('lets one plain line through', () => {
    expect(checkPaste('git status')).toEqual({ text: 'git status', lines: 1, removed: 0, needsAsking: false })
    expect(checkPaste('tabs\tand ünïcode 🙂').needsAsking).toBe(false)
  })

  it('asks for several lines, also for one that would run at once', () => {
    expect(checkPaste('a\r\nb\rc')).toMatchObject({ text: 'a\nb\nc', lines: 3, needsAsking: true })
    expect(checkPaste('a\nb\n').lines).toBe(2)
    expect(checkPaste('rm -rf x\n')).toMatchObject({ lines: 1, needsAsking: true })
  })

  it('leaves control characters out and says so', () => {
    expect(checkPaste('ls\u001b[201~\u0007')).toMatchObject({ text: 'ls[201~', removed: 2, needsAsking: true })
    expect(checkPaste('\u009b31m')).toMatchObject({ text: '31m', removed: 1 })
  })

  it('never lets a text out of its brackets', () => {
    const piece = fc.constantFrom('a', '\n', '\r', '\u001b', '[201~', '\u001b[201~', '\u009b', '\u0000', '🙂')
    fc.assert(
      fc.property(
        fc.array(piece).map((pieces) => pieces.join('')),
        (raw) => {
          const { text, prefix, suffix } = pasteParts(checkPaste(raw).text, true)
          expect({ prefix, suffix }).toEqual({ prefix: '\u001b[200~', suffix: '\u001b[201~' })
          expect(text).not.toMatch(/[\n\u001b\u009b]/)
        },
      ),
      { numRuns: 50 },
    )
  })
})

describe('pasteParts', () => {
  it('puts brackets only around what asked for them', () => {
    expect(pasteParts('a\nb', false)).toEqual({ text: 'a\rb' })
  })
})

describe('asOneLine', () => {
  it('joins with single spaces', () => {
    expect(asOneLine('  docker run \\\n   --rm \n  image\n')).toBe('docker run \\ --rm image')
  })
})

describe('pastePreview', () => {
  it('shows the beginning of a long text', () => {
    expect(pastePreview('abc')).toEqual({ text: 'abc', hidden: 0 })
    expect(pastePreview('x'.repeat(5_000)).hidden).toBe(1_000)
  })
})
