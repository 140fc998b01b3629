import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { splitBlocks } from './blocks.ts'
import { safeHref } from './safe-href.ts'

describe('splitBlocks', () => {
  it('cuts at blank lines, but not inside code, lists or what continues them', () => {
    expect(splitBlocks('one\n\ntwo\nlines\n\n# three')).toHaveLength(3)
    expect(splitBlocks('```ts\na\n\nb\n```\n\nafter')).toHaveLength(2)
    expect(splitBlocks('~~~\n```\n\nstill\n~~~\n\nafter')).toHaveLength(2)
    expect(splitBlocks('1. a\n\n2. b\n\n   more\n\nafter')).toHaveLength(2)
    expect(splitBlocks('see [x]\n\n[x]: https://example.com')).toHaveLength(1)
    expect(splitBlocks('open\n\n```\nnever\n\nclosed')).toHaveLength(2)
    expect(splitBlocks('\n\n')).toEqual([])
  })

  it('loses no line, and growing text leaves all blocks but the last as they are', () => {
    const line = fc.constantFrom('text', '', '- item', '```', '    code', '1. one', '# head', '> quote', '  more')
    fc.assert(
      fc.property(fc.array(line, { maxLength: 25 }), line, (lines, next) => {
        const before = splitBlocks(lines.join('\n'))
        const words = (blocks: string[]) =>
          blocks
            .join('\n')
            .split('\n')
            .filter((text) => text.trim() !== '')
        expect(words(before)).toEqual(lines.filter((text) => text.trim() !== ''))
        const after = splitBlocks([...lines, next].join('\n'))
        expect(after.slice(0, before.length - 1)).toEqual(before.slice(0, -1))
      }),
    )
  })
})

describe('safeHref', () => {
  it('lets only harmless absolute addresses through', () => {
    expect(safeHref('https://example.com/x')).toBe('https://example.com/x')
    expect(safeHref('mailto:a@example.com')).not.toBeNull()
    for (const bad of ['javascript:alert(1)', 'data:text/html,x', '/settings', '#x', 'vbscript:x', '', undefined]) {
      expect(safeHref(bad)).toBeNull()
    }
  })
})
