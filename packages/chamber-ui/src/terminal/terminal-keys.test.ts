import { describe, expect, it } from 'vitest'
import { type KeyContext, type KeyFacts, keyAction } from './terminal-keys.ts'

const PLAIN: KeyContext = { mac: false, selection: false, fullScreen: false, split: false }
const press = (chord: string, context: Partial<KeyContext> = {}) => {
  const parts = chord.split(' ')
  const key = parts.at(-1) ?? ''
  const facts: KeyFacts = {
    key,
    code: /^[a-z]$/.test(key) ? `Key${key.toUpperCase()}` : key === ']' ? 'BracketRight' : key,
    ctrlKey: parts.includes('ctrl'),
    altKey: parts.includes('alt'),
    metaKey: parts.includes('meta'),
    shiftKey: parts.includes('shift'),
  }
  return keyAction(facts, { ...PLAIN, ...context })
}

describe('keyAction', () => {
  it('leaves to the program what is the program’s', () => {
    for (const chord of ['a', 'ctrl c', 'ctrl d', 'ctrl r', 'alt b', 'alt ArrowLeft', 'Tab', 'shift Tab', 'PageUp']) {
      expect(press(chord), chord).toBeNull()
    }
    expect(press('ctrl f', { fullScreen: true })).toBeNull()
    expect(press('ctrl f', { mac: true })).toBeNull()
    expect(press('shift PageUp', { fullScreen: true })).toBeNull()
    expect(press('meta v', { mac: true })).toBeNull()
  })

  it('copies on Ctrl-C only with a selection', () => {
    expect(press('ctrl c', { selection: true })).toBe('copy')
    expect(press('ctrl shift c')).toBe('copy')
    expect(press('meta c', { mac: true, selection: true })).toBe('copy')
  })

  it('manages tabs and splits, also where the browser keeps Ctrl with Shift', () => {
    expect(press('ctrl shift t')).toBe('new')
    expect(press('alt shift t')).toBe('new')
    expect(press('alt shift w')).toBe('close')
    expect(press('ctrl shift d')).toBe('split-right')
    expect(press('ctrl shift e')).toBe('split-down')
    expect(press('ctrl Tab')).toBe('next-tab')
    expect(press('ctrl shift Tab')).toBe('previous-tab')
    expect(press('alt shift ]')).toBe('next-tab')
    expect(press('ctrl PageUp')).toBe('previous-tab')
    expect(press('alt ArrowRight', { split: true })).toBe('next-pane')
  })

  it('finds, pastes and changes the size of the text', () => {
    expect(press('ctrl f')).toBe('find')
    expect(press('ctrl shift f', { fullScreen: true })).toBe('find')
    expect(press('meta f', { mac: true })).toBe('find')
    expect(press('ctrl shift v')).toBe('paste')
    expect(press('ctrl +')).toBe('larger')
    expect(press('ctrl -')).toBe('smaller')
    expect(press('meta 0', { mac: true })).toBe('usual-size')
    expect(press('ctrl -', { mac: true })).toBeNull()
  })
})
