import { newId } from '@pilot/domain/ids'
import { addTab, EMPTY_LAYOUT, panesOf, splitPane } from '@pilot/frontend/terminal/layout'
import { describe, expect, it } from 'vitest'
import { withEvery } from './use-terminal-layout.ts'

const [a, b, c] = [newId('terminal'), newId('terminal'), newId('terminal')]

describe('withEvery', () => {
  it('keeps what this device placed and puts the rest at the end, out of the way', () => {
    const placed = splitPane(addTab(EMPTY_LAYOUT, b), b, a, 'right')
    const all = withEvery(placed, [a, b, c])
    expect(all.tabs.map((tab) => panesOf(tab.root))).toEqual([[b, a], [c]])
    expect(all.active).toBe(placed.active)
    expect(withEvery(all, [a, b, c])).toBe(all)
  })
  it('shows the first when nothing was placed, and drops what is gone', () => {
    const all = withEvery(EMPTY_LAYOUT, [a, b])
    expect(all.active).toBe(all.tabs[0]?.id)
    expect(withEvery(all, [b]).tabs.map((tab) => panesOf(tab.root))).toEqual([[b]])
  })
})
