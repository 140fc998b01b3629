import type { TerminalId } from '@pilot/domain/entities/terminal'
import { newId } from '@pilot/domain/ids'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  activateTab,
  addTab,
  arrange,
  closePane,
  closeTab,
  EMPTY_LAYOUT,
  focusedTerminal,
  focusPane,
  keepTerminals,
  moveTab,
  moveToOwnTab,
  panesOf,
  readLayout,
  resizeSplit,
  splitPane,
  stepPane,
  stepTab,
  type TerminalLayout,
  tabOf,
  writeLayout,
} from './layout.ts'

const [a, b, c, d] = [newId('terminal'), newId('terminal'), newId('terminal'), newId('terminal')] as [
  TerminalId,
  TerminalId,
  TerminalId,
  TerminalId,
]
const shown = (layout: TerminalLayout) => layout.tabs.map((tab) => panesOf(tab.root))

describe('terminal layout', () => {
  it('opens tabs behind the one in front, closes them, and goes around', () => {
    let layout = addTab(addTab(addTab(EMPTY_LAYOUT, a), b), c)
    expect(shown(layout)).toEqual([[a], [b], [c]])
    expect(focusedTerminal(stepTab(layout, 1))).toBe(a)
    layout = addTab(activateTab(layout, 1), d)
    expect(shown(layout)).toEqual([[a], [d], [b], [c]])
    expect(focusedTerminal(layout)).toBe(d)
    layout = closePane(layout, d)
    expect(focusedTerminal(layout)).toBe(b)
    expect(shown(moveTab(layout, 3, 0))).toEqual([[c], [a], [b]])
    expect(addTab(layout, b)).toBe(layout)
    layout = closeTab(closeTab(closeTab(layout, 1), 2), 3)
    expect(layout).toEqual({ tabs: [], active: null, next_tab: 5 })
    expect(stepTab(layout, 1)).toBe(layout)
    expect(stepPane(layout, -1)).toBe(layout)
  })

  it('splits, moves between tabs, and gives the space back', () => {
    let layout = splitPane(splitPane(addTab(EMPTY_LAYOUT, a), a, b, 'right'), b, c, 'down')
    expect(shown(layout)).toEqual([[a, b, c]])
    expect(focusedTerminal(layout)).toBe(c)
    expect(focusedTerminal(stepPane(layout, 1))).toBe(a)
    expect(focusedTerminal(stepPane(focusPane(layout, a), -1))).toBe(c)
    expect(shown(moveToOwnTab(layout, b))).toEqual([[a, c], [b]])
    expect(splitPane(layout, d, a, 'right')).toBe(layout)
    expect(splitPane(layout, a, a, 'right')).toBe(layout)
    layout = splitPane(addTab(layout, d), d, a, 'down')
    expect(shown(layout)).toEqual([
      [b, c],
      [d, a],
    ])
    layout = closePane(closePane(layout, a), d)
    expect(shown(layout)).toEqual([[b, c]])
    expect(focusedTerminal(layout)).toBe(c)
  })

  it('arranges panes and dividers, and moves a divider within bounds', () => {
    let layout = splitPane(splitPane(addTab(EMPTY_LAYOUT, a), a, b, 'right'), b, c, 'down')
    layout = resizeSplit(resizeSplit(layout, 1, [], 0.25), 1, ['second'], 0.99)
    const root = tabOf(layout, a)?.root
    if (!root) throw new Error('no tab')
    const { panes, dividers } = arrange(root)
    expect(panes.map(({ terminal_id }) => terminal_id)).toEqual([a, b, c])
    expect(panes[0]?.rect).toEqual({ x: 0, y: 0, width: 0.25, height: 1 })
    expect(panes[1]?.rect).toEqual({ x: 0.25, y: 0, width: 0.75, height: 0.9 })
    expect(dividers.map(({ path, direction }) => [path, direction])).toEqual([
      [[], 'right'],
      [['second'], 'down'],
    ])
    expect(resizeSplit(layout, 1, ['first'], 0.5)).toBe(layout)
    expect(resizeSplit(layout, 9, [], 0.5)).toBe(layout)
  })

  it('is read back as it was written, and reads what is broken as far as it goes', () => {
    const layout = keepTerminals(
      splitPane(addTab(addTab(EMPTY_LAYOUT, a), b), b, c, 'right'),
      (terminal) => terminal !== a,
    )
    expect(readLayout(writeLayout(layout))).toEqual(layout)
    for (const text of [null, '', '{', '[]', '{"version":2}', 'x'.repeat(70_000), '{"version":1,"tabs":7}']) {
      expect(readLayout(text)).toEqual(EMPTY_LAYOUT)
    }
    const pane = { terminal_id: a }
    const split = { direction: 'down', ratio: 7, first: { terminal_id: 'nonsense' }, second: { terminal_id: b } }
    const stored = {
      version: 1,
      tabs: [
        { id: 3, root: split, focused: 4 },
        { id: 4, root: pane },
      ],
      active: 9,
    }
    const read = readLayout(JSON.stringify({ ...stored, next_tab: 1 }))
    expect(shown(read)).toEqual([[b], [a]])
    expect(read).toMatchObject({ active: 3, next_tab: 5 })
    const twice = {
      ...stored,
      tabs: [
        { id: 1, root: pane },
        { id: 2, root: pane },
      ],
      next_tab: 3,
    }
    expect(shown(readLayout(JSON.stringify(twice)))).toEqual([[a]])
    expect(readLayout(`{"version":1,"next_tab":1,"active":1,"tabs":[${'{"id":1,"root":'.repeat(2_000)}`)).toEqual(
      EMPTY_LAYOUT,
    )
  })
})

it('stays whole whatever is done to it', () => {
  const terminal = fc.constantFrom(a, b, c, d)
  const direction = fc.constantFrom('right' as const, 'down' as const)
  const step = fc.oneof(
    terminal.map((t) => (l: TerminalLayout) => addTab(l, t)),
    terminal.map((t) => (l: TerminalLayout) => closePane(l, t)),
    terminal.map((t) => (l: TerminalLayout) => moveToOwnTab(l, t)),
    terminal.map((t) => (l: TerminalLayout) => focusPane(l, t)),
    terminal.map((t) => (l: TerminalLayout) => keepTerminals(l, (one) => one !== t)),
    fc.tuple(terminal, terminal, direction).map(
      ([t, u, way]) =>
        (l: TerminalLayout) =>
          splitPane(l, t, u, way),
    ),
    fc.tuple(fc.nat(6), fc.nat(4)).map(
      ([id, at]) =>
        (l: TerminalLayout) =>
          moveTab(l, id, at),
    ),
    fc.constantFrom<(l: TerminalLayout) => TerminalLayout>(
      (l) => stepPane(l, 1),
      (l) => stepPane(l, -1),
      (l) => stepTab(l, -1),
    ),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const layout = steps.reduce((value, apply) => apply(value), EMPTY_LAYOUT)
      const all = shown(layout).flat()
      expect(new Set(all).size).toBe(all.length)
      expect(new Set(layout.tabs.map((tab) => tab.id)).size).toBe(layout.tabs.length)
      expect(layout.tabs.some((tab) => tab.id === layout.active)).toBe(layout.tabs.length > 0)
      for (const tab of layout.tabs) expect(panesOf(tab.root)).toContain(tab.focused)
      expect(readLayout(writeLayout(layout))).toEqual(layout)
    }),
  )
})
