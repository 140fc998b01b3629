import { type TerminalId, TerminalIdSchema } from '@pilot/domain/entities/terminal'
import { MAX_TERMINALS_PER_RUNTIME } from '@pilot/protocol/terminal/model'
import { z } from 'zod'

/** Smallest share of a split that either side keeps. */
const MIN_RATIO = 0.1
const VERSION = 1
/** Longest stored text that is read at all, in characters. */
const MAX_TEXT = 65_536

/** `right`: the new one stands beside it; `down`: below it. */
export type SplitDirection = 'right' | 'down'

export interface LayoutPane {
  terminal_id: TerminalId
}
export interface LayoutSplit {
  direction: SplitDirection
  /** Share of the first side, 0.1 to 0.9. */
  ratio: number
  first: LayoutNode
  second: LayoutNode
}
export type LayoutNode = LayoutPane | LayoutSplit

export interface LayoutTab {
  /** Unique in the layout and never used again in it. */
  id: number
  root: LayoutNode
  focused: TerminalId
}

/**
 * Which terminals of a workspace are on this device's screen, and where. A terminal is in at most one pane. Values are
 * never mutated; an operation that changes nothing returns the same object.
 */
export interface TerminalLayout {
  tabs: readonly LayoutTab[]
  /** Of the tab in front; null only without tabs. */
  active: number | null
  next_tab: number
}

export const EMPTY_LAYOUT: TerminalLayout = { tabs: [], active: null, next_tab: 1 }

/** Which side to take at each split, from the root of a tab; names one split. */
export type SplitPath = readonly ('first' | 'second')[]

/** Shares of the tab's area, 0 to 1. */
export interface Rect {
  x: number
  y: number
  width: number
  height: number
}

const isSplit = (node: LayoutNode): node is LayoutSplit => 'first' in node
const clampRatio = (ratio: number) => Math.min(1 - MIN_RATIO, Math.max(MIN_RATIO, ratio))

/** Terminals below a node, in reading order. */
export function panesOf(node: LayoutNode): TerminalId[] {
  return isSplit(node) ? [...panesOf(node.first), ...panesOf(node.second)] : [node.terminal_id]
}

export function activeTab(layout: TerminalLayout): LayoutTab | null {
  return layout.tabs.find((tab) => tab.id === layout.active) ?? null
}

export function tabOf(layout: TerminalLayout, terminal: TerminalId): LayoutTab | null {
  return layout.tabs.find((tab) => panesOf(tab.root).includes(terminal)) ?? null
}

/** The terminal that typing goes to; null without tabs. */
export function focusedTerminal(layout: TerminalLayout): TerminalId | null {
  return activeTab(layout)?.focused ?? null
}

/** A tab of its own behind the one in front, and in front from now on. A terminal that is shown already is focused. */
export function addTab(layout: TerminalLayout, terminal: TerminalId): TerminalLayout {
  if (tabOf(layout, terminal)) return focusPane(layout, terminal)
  const tab: LayoutTab = { id: layout.next_tab, root: { terminal_id: terminal }, focused: terminal }
  const at = layout.tabs.findIndex((one) => one.id === layout.active)
  const tabs = at === -1 ? [...layout.tabs, tab] : layout.tabs.toSpliced(at + 1, 0, tab)
  return { tabs, active: tab.id, next_tab: layout.next_tab + 1 }
}

/** Halves the pane of `beside`; the other half shows `terminal`, moved there when it was shown elsewhere. */
export function splitPane(
  layout: TerminalLayout,
  beside: TerminalId,
  terminal: TerminalId,
  direction: SplitDirection,
): TerminalLayout {
  if (beside === terminal || !tabOf(layout, beside)) return layout
  const without = closePane(layout, terminal)
  const tab = tabOf(without, beside)
  if (!tab) return layout
  const root = replacePane(tab.root, beside, (pane) => ({
    direction,
    ratio: 0.5,
    first: pane,
    second: { terminal_id: terminal },
  }))
  return { ...withTab(without, { ...tab, root, focused: terminal }), active: tab.id }
}

/** Takes a terminal off the screen; what shared its space gets it, an empty tab goes. */
export function closePane(layout: TerminalLayout, terminal: TerminalId): TerminalLayout {
  const tab = tabOf(layout, terminal)
  if (!tab) return layout
  const root = withoutPane(tab.root, terminal)
  if (!root) return closeTab(layout, tab.id)
  if (tab.focused !== terminal) return withTab(layout, { ...tab, root })
  const before = panesOf(tab.root)
  const left = panesOf(root)
  const focused = left[Math.max(0, before.indexOf(terminal) - 1)] ?? firstPane(root)
  return withTab(layout, { ...tab, root, focused })
}

/** Takes a whole tab off the screen; its neighbour comes to the front when it was there. */
export function closeTab(layout: TerminalLayout, id: number): TerminalLayout {
  const at = layout.tabs.findIndex((tab) => tab.id === id)
  if (at === -1) return layout
  const tabs = layout.tabs.toSpliced(at, 1)
  const active = layout.active === id ? (tabs[Math.min(at, tabs.length - 1)]?.id ?? null) : layout.active
  return { ...layout, tabs, active }
}

/** Puts a tab at `index` of the tab bar. */
export function moveTab(layout: TerminalLayout, id: number, index: number): TerminalLayout {
  const from = layout.tabs.findIndex((tab) => tab.id === id)
  const tab = layout.tabs[from]
  const to = Math.min(layout.tabs.length - 1, Math.max(0, index))
  if (!tab || from === to) return layout
  return { ...layout, tabs: layout.tabs.toSpliced(from, 1).toSpliced(to, 0, tab) }
}

/** Moves a pane of a split into a tab of its own. */
export function moveToOwnTab(layout: TerminalLayout, terminal: TerminalId): TerminalLayout {
  const tab = tabOf(layout, terminal)
  if (!tab || !isSplit(tab.root)) return layout
  return addTab({ ...closePane(layout, terminal), active: tab.id }, terminal)
}

/** Typing goes to this terminal; its tab comes to the front. */
export function focusPane(layout: TerminalLayout, terminal: TerminalId): TerminalLayout {
  const tab = tabOf(layout, terminal)
  if (!tab || (tab.focused === terminal && layout.active === tab.id)) return layout
  return { ...withTab(layout, { ...tab, focused: terminal }), active: tab.id }
}

export function activateTab(layout: TerminalLayout, id: number): TerminalLayout {
  if (layout.active === id || !layout.tabs.some((tab) => tab.id === id)) return layout
  return { ...layout, active: id }
}

/** The next (1) or previous (-1) pane of the tab in front, around its end. */
export function stepPane(layout: TerminalLayout, step: 1 | -1): TerminalLayout {
  const tab = activeTab(layout)
  if (!tab) return layout
  const panes = panesOf(tab.root)
  const next = panes.at((panes.indexOf(tab.focused) + step) % panes.length)
  return next ? focusPane(layout, next) : layout
}

/** The next (1) or previous (-1) tab, around the end. */
export function stepTab(layout: TerminalLayout, step: 1 | -1): TerminalLayout {
  const at = layout.tabs.findIndex((tab) => tab.id === layout.active)
  const next = layout.tabs.at((at + step) % Math.max(1, layout.tabs.length))
  return next ? activateTab(layout, next.id) : layout
}

/** Gives the first side of one split this share of its area. */
export function resizeSplit(layout: TerminalLayout, id: number, path: SplitPath, ratio: number): TerminalLayout {
  const tab = layout.tabs.find((one) => one.id === id)
  const root = tab && withRatio(tab.root, path, clampRatio(ratio))
  return tab && root && root !== tab.root ? withTab(layout, { ...tab, root }) : layout
}

/** Drops terminals that are gone, such as after the list was read again. */
export function keepTerminals(layout: TerminalLayout, known: (terminal: TerminalId) => boolean): TerminalLayout {
  const gone = layout.tabs.flatMap((tab) => panesOf(tab.root)).filter((terminal) => !known(terminal))
  return gone.reduce(closePane, layout)
}

/**
 * Where everything of a tab stands, flat, so that a pane keeps its element (and its emulator) when the tree around it
 * changes. `area` of a divider is that of its split: a pointer's place in it is the ratio.
 */
export function arrange(root: LayoutNode): {
  panes: { terminal_id: TerminalId; rect: Rect }[]
  dividers: { path: SplitPath; direction: SplitDirection; ratio: number; area: Rect }[]
} {
  const panes: { terminal_id: TerminalId; rect: Rect }[] = []
  const dividers: { path: SplitPath; direction: SplitDirection; ratio: number; area: Rect }[] = []
  const place = (node: LayoutNode, area: Rect, path: SplitPath) => {
    if (!isSplit(node)) {
      panes.push({ terminal_id: node.terminal_id, rect: area })
      return
    }
    const { direction, ratio } = node
    dividers.push({ path, direction, ratio, area })
    const { x, y, width, height } = area
    const right = direction === 'right'
    const first = right ? { ...area, width: width * ratio } : { ...area, height: height * ratio }
    const second = right
      ? { ...area, x: x + width * ratio, width: width * (1 - ratio) }
      : { ...area, y: y + height * ratio, height: height * (1 - ratio) }
    place(node.first, first, [...path, 'first'])
    place(node.second, second, [...path, 'second'])
  }
  place(root, { x: 0, y: 0, width: 1, height: 1 }, [])
  return { panes, dividers }
}

/** The text to keep on this device. */
export function writeLayout(layout: TerminalLayout): string {
  return JSON.stringify({ version: VERSION, ...layout })
}

/** Reads what `writeLayout` wrote; what another version or another hand wrote gives as much of it as is usable. */
export function readLayout(text: string | null): TerminalLayout {
  if (text === null || text.length > MAX_TEXT) return EMPTY_LAYOUT
  let stored: z.infer<typeof StoredSchema>
  try {
    stored = StoredSchema.parse(JSON.parse(text))
  } catch {
    return EMPTY_LAYOUT
  }
  const seen = new Set<TerminalId>()
  const tabs: LayoutTab[] = []
  for (const { id, root: raw, focused } of stored.tabs) {
    const root = readNode(raw, seen, 0)
    if (!root || tabs.some((tab) => tab.id === id)) continue
    const panes = panesOf(root)
    tabs.push({ id, root, focused: panes.find((terminal) => terminal === focused) ?? firstPane(root) })
  }
  const active = tabs.find((tab) => tab.id === stored.active)?.id ?? tabs[0]?.id ?? null
  return { tabs, active, next_tab: Math.max(stored.next_tab, ...tabs.map((tab) => tab.id + 1)) }
}

const TabNumberSchema = z.int().min(0)
const StoredSchema = z.object({
  version: z.literal(VERSION),
  tabs: z.array(z.object({ id: TabNumberSchema, root: z.unknown(), focused: z.unknown().optional() })).max(1_000),
  active: TabNumberSchema.nullable().catch(null),
  next_tab: TabNumberSchema.catch(1),
})
const StoredPaneSchema = z.object({ terminal_id: TerminalIdSchema })
const StoredSplitSchema = z.object({
  direction: z.enum(['right', 'down']),
  ratio: z.number().catch(0.5),
  first: z.unknown().optional(),
  second: z.unknown().optional(),
})

/** A side that cannot be read, or is there twice, leaves its space to the other one. */
function readNode(raw: unknown, seen: Set<TerminalId>, depth: number): LayoutNode | null {
  if (depth > MAX_TERMINALS_PER_RUNTIME) return null
  const split = StoredSplitSchema.safeParse(raw)
  if (split.success) {
    const first = readNode(split.data.first, seen, depth + 1)
    const second = readNode(split.data.second, seen, depth + 1)
    if (!first || !second) return first ?? second
    return { direction: split.data.direction, ratio: clampRatio(split.data.ratio), first, second }
  }
  const pane = StoredPaneSchema.safeParse(raw)
  if (!pane.success || seen.has(pane.data.terminal_id) || seen.size === MAX_TERMINALS_PER_RUNTIME) return null
  seen.add(pane.data.terminal_id)
  return { terminal_id: pane.data.terminal_id }
}

function firstPane(node: LayoutNode): TerminalId {
  return isSplit(node) ? firstPane(node.first) : node.terminal_id
}

function withTab(layout: TerminalLayout, tab: LayoutTab): TerminalLayout {
  return { ...layout, tabs: layout.tabs.map((one) => (one.id === tab.id ? tab : one)) }
}

function replacePane(node: LayoutNode, terminal: TerminalId, make: (pane: LayoutPane) => LayoutNode): LayoutNode {
  if (!isSplit(node)) return node.terminal_id === terminal ? make(node) : node
  return { ...node, first: replacePane(node.first, terminal, make), second: replacePane(node.second, terminal, make) }
}

function withoutPane(node: LayoutNode, terminal: TerminalId): LayoutNode | null {
  if (!isSplit(node)) return node.terminal_id === terminal ? null : node
  const first = withoutPane(node.first, terminal)
  const second = withoutPane(node.second, terminal)
  return first && second ? { ...node, first, second } : (first ?? second)
}

function withRatio(node: LayoutNode, path: SplitPath, ratio: number): LayoutNode {
  if (!isSplit(node)) return node
  const [side, ...rest] = path
  if (side === undefined) return node.ratio === ratio ? node : { ...node, ratio }
  const child = withRatio(node[side], rest, ratio)
  return child === node[side] ? node : { ...node, [side]: child }
}
