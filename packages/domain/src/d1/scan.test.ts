import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { scanStatement } from './scan.ts'

describe('scanStatement', () => {
  it('finds the verb behind comments and parentheses', () => {
    expect(scanStatement('-- select\n/* x */ UPDATE "a" set b = ?').verb).toBe('update')
    expect(scanStatement('(select 1)').verb).toBe('select')
  })

  it('counts placeholders outside of strings, names and comments', () => {
    const facts = scanStatement(`select '?', "?", \`?\`, [?], ? from t where a = ? -- ?\n and b = 'it''s ?' /* ? */`)
    expect(facts.placeholders).toBe(2)
  })

  it('sees what a pattern is made of', () => {
    const facts = scanStatement("select ? from t where lower(a) like '%' || lower(?) || '%' escape '#' and b = ?")
    expect(facts.patterns).toEqual([{ literal_bytes: 2, placeholders: [1] }])
    expect(scanStatement('select 1 from t where a glob ? and b = ?').patterns).toEqual([
      { literal_bytes: 0, placeholders: [0] },
    ])
    expect(scanStatement('select "like" from t where a = ?').patterns).toEqual([])
  })

  it('sees a second statement, but not a last semicolon or comment', () => {
    expect(scanStatement('select 1; drop table t').several).toBe(true)
    expect(scanStatement("select ';'; -- done").several).toBe(false)
  })

  it('is not fooled by any text inside of a string', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const facts = scanStatement(`select '${text.replaceAll("'", "''")}', ? where 1`)
        expect(facts).toMatchObject({ verb: 'select', placeholders: 1, several: false, patterns: [] })
      }),
    )
  })
})
