/** Files of the demo repository. The bug: the discount is rounded on every line instead of once. */
export const DEMO_FILES: Readonly<Record<string, string>> = {
  'package.json': `{
  "name": "demo-shop",
  "version": "1.0.0",
  "private": true,
  "type": "module",
  "scripts": {
    "test": "node --test"
  }
}
`,
  'README.md': `# demo-shop

A very small shopping cart, made for a first look at Pilot.

\`\`\`sh
npm test
\`\`\`

One test fails: with a coupon, a cart of three equal lines comes out one cent wrong. Start a session and ask the agent
to fix it. The session works on a branch of its own; this checkout stays as it is until you merge.
`,
  '.gitignore': 'node_modules/\n',
  'src/cart.js': `/**
 * What a cart costs, rounded to cents.
 * @param {{ price: number, quantity: number }[]} lines
 * @param {number} couponPercent discount on the whole cart, 0 to 100
 */
export function total(lines, couponPercent = 0) {
  let sum = 0
  for (const line of lines) {
    const amount = line.price * line.quantity
    const discount = Math.round(amount * couponPercent) / 100
    sum += amount - discount
  }
  return Math.round(sum * 100) / 100
}
`,
  'test/cart.test.js': `import assert from 'node:assert/strict'
import { test } from 'node:test'
import { total } from '../src/cart.js'

test('adds up the lines', () => {
  assert.equal(total([{ price: 12.5, quantity: 2 }, { price: 4.99, quantity: 1 }]), 29.99)
})

test('an empty cart costs nothing', () => {
  assert.equal(total([], 15), 0)
})

test('a coupon is rounded once, on the whole cart', () => {
  const lines = [
    { price: 3.35, quantity: 1 },
    { price: 3.35, quantity: 1 },
    { price: 3.35, quantity: 1 },
  ]
  // 10.05 less 15 % is 8.5425.
  assert.equal(total(lines, 15), 8.54)
})
`,
}
