import type { Page } from 'playwright-core'

/** The field that a phone's keyboard writes into. */
export const field = (page: Page) => page.getByLabel('Type into the terminal')

/** One of the keys that a phone's keyboard lacks. */
export const key = (page: Page, name: string) =>
  page.getByRole('toolbar', { name: 'Keys' }).getByRole('button', { name, exact: true })

/**
 * Types as a keyboard that composes nothing does, and presses Enter. Only contexts that were made for fingers can be
 * tapped; in others the same is clicked.
 */
export async function enter(page: Page, text: string, by: 'tap' | 'click' = 'tap'): Promise<void> {
  await field(page)[by]()
  await page.keyboard.insertText(text)
  await page.getByRole('button', { name: 'Enter', exact: true })[by]()
}
