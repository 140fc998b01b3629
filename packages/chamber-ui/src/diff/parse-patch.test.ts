import { structuredPatch } from 'diff'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parsePatch } from './parse-patch.ts'

describe('parsePatch', () => {
  it('numbers both sides and leaves headers out', () => {
    const patch = [
      'diff --git a/x b/x',
      'index 1..2 100644',
      '--- a/x',
      '+++ b/x',
      '@@ -3,3 +3,3 @@ function main()',
      ' same',
      '-old',
      '+new',
      ' end',
      '\\ No newline at end of file',
      '',
    ].join('\n')
    expect(parsePatch(patch)).toEqual([
      { type: 'hunk', text: 'function main()' },
      { type: 'same', old: 3, new: 3, text: 'same' },
      { type: 'del', old: 4, text: 'old' },
      { type: 'add', new: 4, text: 'new' },
      { type: 'same', old: 5, new: 5, text: 'end' },
      { type: 'note', text: 'No newline at end of file' },
    ])
  })

  it('takes what looks like a header inside a hunk as content', () => {
    const lines = parsePatch('@@ -1,2 +1,1 @@\n--- a removed comment\n kept\n@@ -9 +8 @@\n-x\n+y\n')
    expect(lines.map((line) => line.type)).toEqual(['hunk', 'del', 'same', 'hunk', 'del', 'add'])
    expect(lines[1]).toMatchObject({ text: '-- a removed comment' })
    expect(lines[4]).toMatchObject({ old: 9 })
    expect(lines[5]).toMatchObject({ new: 8 })
  })

  it('gives back both sides of any change', () => {
    const file = fc.array(fc.stringMatching(/^[ -~]{0,12}$/), { minLength: 1, maxLength: 20 })
    fc.assert(
      fc.property(file, file, (before, after) => {
        const { hunks } = structuredPatch('a', 'b', `${before.join('\n')}\n`, `${after.join('\n')}\n`, '', '', {
          context: 50,
        })
        const patch = hunks
          .map((h) => `@@ -${h.oldStart},${h.oldLines} +${h.newStart},${h.newLines} @@\n${h.lines.join('\n')}\n`)
          .join('')
        if (patch === '') return
        const lines = parsePatch(patch)
        const side = (skip: 'add' | 'del') =>
          lines.flatMap((line) =>
            line.type === 'hunk' || line.type === 'note' || line.type === skip ? [] : [line.text],
          )
        expect(side('add')).toEqual(before)
        expect(side('del')).toEqual(after)
      }),
    )
  })
})
