import { createHash } from 'node:crypto'

/**
 * node lines.mjs COUNT BYTES_PER_SECOND WIDTH
 *
 * Prints COUNT numbered lines of WIDTH bytes at about that rate (0: as fast as they are taken), then `END <hash>` of them.
 */
const [count, rate, width] = process.argv.slice(2).map(Number)
const hash = createHash('sha256')
const STEP_MS = 10
const began = performance.now()
let next = 0
let written = 0

function line(number) {
  const head = `L${String(number).padStart(9, '0')} `
  return `${head.padEnd(width - 1, String.fromCharCode(97 + (number % 26)))}\n`
}

function step() {
  const due = rate === 0 ? written + 65_536 : ((performance.now() - began) / 1_000) * rate
  let text = ''
  while (next < count && written < due) {
    const one = line(next++)
    written += one.length
    text += one
  }
  hash.update(text)
  if (next === count) process.stdout.write(`${text}END ${hash.digest('hex')}\n`)
  else process.stdout.write(text, () => (rate === 0 ? setImmediate(step) : setTimeout(step, STEP_MS)))
}
step()
