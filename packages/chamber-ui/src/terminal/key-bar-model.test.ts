import { describe, expect, it } from 'vitest'
import { heldBy, keySequence, NO_STICKY, NOTHING_HELD, spendSticky, tapModifier, withHeld } from './key-bar-model.ts'

describe('sticky modifiers', () => {
  it('hold for one key', () => {
    const on = tapModifier(NO_STICKY, 'ctrl', 1_000)
    expect(heldBy(on)).toEqual({ ctrl: true, alt: false, shift: false })
    expect(heldBy(spendSticky(on))).toEqual(NOTHING_HELD)
  })

  it('lock with a double tap, and only with one', () => {
    const once = tapModifier(NO_STICKY, 'ctrl', 1_000)
    const locked = tapModifier(once, 'ctrl', 1_200)
    expect(locked.ctrl).toBe('locked')
    expect(spendSticky(locked).ctrl).toBe('locked')
    expect(tapModifier(locked, 'ctrl', 1_300).ctrl).toBe('off')
    expect(tapModifier(once, 'ctrl', 2_000).ctrl).toBe('off')
  })

  it('work together', () => {
    const both = tapModifier(tapModifier(NO_STICKY, 'ctrl', 1), 'alt', 2)
    expect(heldBy(both)).toMatchObject({ ctrl: true, alt: true })
    // The tap of another key in between is not a double tap.
    expect(tapModifier(both, 'ctrl', 3).ctrl).toBe('off')
  })
})

describe('keySequence', () => {
  it('follows the mode of the cursor keys', () => {
    expect(keySequence('ArrowUp', NOTHING_HELD, false)).toBe('\u001b[A')
    expect(keySequence('ArrowUp', NOTHING_HELD, true)).toBe('\u001bOA')
    expect(keySequence('Home', NOTHING_HELD, true)).toBe('\u001bOH')
    expect(keySequence('ArrowLeft', { ...NOTHING_HELD, ctrl: true }, true)).toBe('\u001b[1;5D')
    expect(keySequence('PageUp', { ...NOTHING_HELD, alt: true }, false)).toBe('\u001b[5;3~')
    expect(keySequence('PageDown', NOTHING_HELD, false)).toBe('\u001b[6~')
    expect(keySequence('Tab', { ...NOTHING_HELD, shift: true }, false)).toBe('\u001b[Z')
    expect(keySequence('Enter', { ...NOTHING_HELD, alt: true }, false)).toBe('\u001b\r')
    expect(keySequence('F99', NOTHING_HELD, false)).toBeNull()
  })
})

describe('withHeld', () => {
  const ctrl = { ...NOTHING_HELD, ctrl: true }
  it('makes control characters', () => {
    expect(withHeld('c', ctrl)).toBe('\u0003')
    expect(withHeld('C', ctrl)).toBe('\u0003')
    expect(withHeld('[', ctrl)).toBe('\u001b')
    expect(withHeld(' ', ctrl)).toBe('\u0000')
    expect(withHeld('\\', ctrl)).toBe('\u001c')
    expect(withHeld('-', ctrl)).toBe('\u001f')
    expect(withHeld('ü', ctrl)).toBe('ü')
  })
  it('applies to the first character alone', () => {
    expect(withHeld('rls', ctrl)).toBe('\u0012ls')
    expect(withHeld('b', { ...NOTHING_HELD, alt: true })).toBe('\u001bb')
    expect(withHeld('x', { ...ctrl, alt: true })).toBe('\u001b\u0018')
    expect(withHeld('🙂', NOTHING_HELD)).toBe('🙂')
  })
})
