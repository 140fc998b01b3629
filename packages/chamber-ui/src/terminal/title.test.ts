import { describe, expect, it } from 'vitest'
import { cleanTitle, runningText, safeLink, terminalTitle } from './title.ts'

describe('cleanTitle', () => {
  it('keeps one harmless line', () => {
    expect(cleanTitle('vim\u001b[31m a\nb\u202egpj.exe')).toBe('vim [31m a b gpj.exe')
    expect(cleanTitle('x'.repeat(500))).toHaveLength(120)
  })
})

describe('terminalTitle', () => {
  const facts = { name: '', title: '', process: '', commandKind: 'shell' }
  it('prefers what a person said over what a program says', () => {
    expect(terminalTitle(facts)).toBe('Shell')
    expect(terminalTitle({ ...facts, process: 'vim' })).toBe('vim')
    expect(terminalTitle({ ...facts, process: 'vim', title: 'discount.ts' })).toBe('discount.ts')
    expect(terminalTitle({ ...facts, process: 'vim', name: 'notes' })).toBe('notes')
    expect(runningText({ ...facts, process: 'vim', name: 'notes' })).toBe('vim')
    expect(runningText({ ...facts, process: 'vim' })).toBe('')
  })
})

describe('safeLink', () => {
  it('opens the web and nothing else', () => {
    expect(safeLink('https://example.com/a')).toBe('https://example.com/a')
    for (const bad of ['javascript:alert(1)', 'data:text/html,x', 'file:///etc/passwd', 'vscode://x', '//x', 'x']) {
      expect(safeLink(bad)).toBeNull()
    }
  })
})
