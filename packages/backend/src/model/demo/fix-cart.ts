/**
 * Computes the repaired text of the demo shop's `src/cart.js`: the function `total` is replaced by one that adds first
 * and rounds once. Null when the file holds no such function or is repaired already.
 */
export function fixCart(source: string): { before: string; after: string } | null {
  const found = functionSource(source, 'total')
  if (!found || !isBroken(found.body)) return null
  const [lines = 'lines', coupon = 'couponPercent'] = found.parameters
    .split(',')
    .map((parameter) => parameter.trim().split(/[\s=]/)[0] ?? '')
  const price = /\.(price\w*|unit_?price\w*|amount|cents)\b/i.exec(found.body)?.[1] ?? 'price'
  const quantity = /\.(quantity|qty|count)\b/i.exec(found.body)?.[1]
  const each = quantity ? `line.${price} * line.${quantity}` : `line.${price}`
  const indent = /\n([ \t]+)/.exec(found.body)?.[1] ?? '  '
  const semicolon = /;\s*\n/.test(found.body) ? ';' : ''
  const discounted = `sum * (1 - ${coupon} / 100)`
  // Prices in whole cents need no scaling; prices in units are rounded to two digits.
  const rounded = /cents/i.test(price) ? `Math.round(${discounted})` : `Math.round(${discounted} * 100) / 100`
  const body = [
    `// Add first, round once: rounding every line loses cents.`,
    `const sum = ${lines}.reduce((amount, line) => amount + ${each}, 0)${semicolon}`,
    `return ${rounded}${semicolon}`,
  ]
  const after = `${found.head}{\n${body.map((line) => `${indent}${line}`).join('\n')}\n}`
  return { before: found.text, after }
}

function isBroken(body: string): boolean {
  return !/round once/.test(body)
}

function functionSource(source: string, name: string) {
  const head = new RegExp(`(?:export )?function ${name}\\(([^)]*)\\)\\s*`).exec(source)
  if (!head) return null
  const open = head.index + head[0].length
  if (source[open] !== '{') return null
  let depth = 0
  for (let index = open; index < source.length; index++) {
    if (source[index] === '{') depth++
    if (source[index] === '}' && --depth === 0) {
      return {
        head: head[0],
        parameters: head[1] ?? '',
        body: source.slice(open, index + 1),
        text: source.slice(head.index, index + 1),
      }
    }
  }
  return null
}
