import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Page } from 'playwright-core'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
/** Fingers are about this wide, in CSS px. */
const MIN_TARGET = 44

interface Violation {
  id: string
  impact: string
  nodes: { html: string; failureSummary: string }[]
}

/** What axe-core finds serious or critical on the page, one line each. */
export async function accessibilityProblems(page: Page): Promise<string[]> {
  // Evaluated by the debugger, which the page's own policy does not concern.
  await page.evaluate(AXE)
  return page.evaluate(async () => {
    const { axe } = window as unknown as { axe: { run(): Promise<{ violations: Violation[] }> } }
    const { violations } = await axe.run()
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => `axe ${id}: ${nodes[0]?.html.slice(0, 160)} ${nodes[0]?.failureSummary.slice(0, 200)}`)
  })
}

/** Things to press that are smaller than a finger. */
export function smallTargets(page: Page): Promise<string[]> {
  return page.evaluate((min) => {
    const nodes = document.querySelectorAll<HTMLElement>('a[href], button, input, select, textarea, [role=menuitem]')
    return [...nodes]
      .filter((node) => node.checkVisibility() && !node.closest('.sr-only, [aria-hidden=true], [inert]'))
      .map((node) => ({ node, box: node.getBoundingClientRect() }))
      .filter(({ box }) => box.width > 0 && (box.height < min - 0.5 || box.width < min - 0.5))
      .map(({ node, box }) => `${Math.round(box.width)}×${Math.round(box.height)}: ${node.outerHTML.slice(0, 120)}`)
  }, MIN_TARGET)
}

/** How many px the page can be scrolled sideways; 0 when all fits. */
export const sidewaysScroll = (page: Page): Promise<number> =>
  page.evaluate(() => Math.max(0, document.documentElement.scrollWidth - window.innerWidth))

/** Parts of the page that reach out of it to the right and are cut off there: nothing scrolls them into view. */
export function cutOff(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const scrolls = (node: Element) => ['auto', 'scroll'].includes(getComputedStyle(node).overflowX)
    const clips = (node: Element) => ['hidden', 'clip'].includes(getComputedStyle(node).overflowX)
    const cutBy = (node: HTMLElement) => {
      for (let outer = node.parentElement; outer; outer = outer.parentElement) {
        if (scrolls(outer) && outer.scrollWidth > outer.clientWidth) return null
        const isText = getComputedStyle(outer).textOverflow === 'ellipsis'
        if (isText) return null
        if (clips(outer) || outer.tagName === 'MAIN' || outer.matches('section'))
          if (node.getBoundingClientRect().right > outer.getBoundingClientRect().right + 1) return outer
      }
      return null
    }
    return [...document.querySelectorAll<HTMLElement>('main *')]
      .filter((node) => node.checkVisibility() && !node.closest('.sr-only, [aria-hidden=true]'))
      .filter((node) => node.getBoundingClientRect().width > 1 && cutBy(node) !== null)
      .map((node) => `cut off: ${node.outerHTML.slice(0, 140)}`)
  })
}
