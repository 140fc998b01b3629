import { describe, expect, it } from 'vitest'
import { matchShortcut } from './use-shortcuts.ts'

const press = (key: string, extra: Partial<KeyboardEvent> = {}) => ({
  key,
  metaKey: false,
  ctrlKey: false,
  altKey: false,
  ...extra,
})

describe('matchShortcut', () => {
  const go = () => undefined
  const help = () => undefined
  const palette = () => undefined
  const shortcuts = { 'g w': go, '?': help, 'mod+k': palette }

  it('runs a single key and a chord', () => {
    expect(matchShortcut(shortcuts, null, press('?'))).toEqual({ run: help, pending: null })
    const first = matchShortcut(shortcuts, null, press('g'))
    expect(first).toEqual({ run: null, pending: 'g' })
    expect(matchShortcut(shortcuts, first.pending, press('w'))).toEqual({ run: go, pending: null })
  })

  it('takes either command key, and never mistakes a chord for it', () => {
    expect(matchShortcut(shortcuts, null, press('k', { metaKey: true })).run).toBe(palette)
    expect(matchShortcut(shortcuts, null, press('k', { ctrlKey: true })).run).toBe(palette)
    expect(matchShortcut(shortcuts, 'g', press('w', { ctrlKey: true })).run).toBeNull()
    expect(matchShortcut(shortcuts, null, press('?', { altKey: true })).run).toBeNull()
  })

  it('forgets a chord that another key breaks', () => {
    expect(matchShortcut(shortcuts, 'g', press('x'))).toEqual({ run: null, pending: null })
  })
})
