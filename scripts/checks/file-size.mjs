import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../lib/run.mjs'
import { sourceFiles } from './sources.mjs'

/** The budget of a source file, in lines: none above MOST, half of them at most MEDIAN. */
const MOST = 600
const MEDIAN = 140

const sizes = sourceFiles().map((file) => ({ file, lines: readFileSync(join(root, file), 'utf8').split('\n').length }))
const tooLong = sizes.filter(({ lines }) => lines > MOST)
const sorted = sizes.map(({ lines }) => lines).sort((a, b) => a - b)
const median = sorted[Math.floor(sorted.length / 2)] ?? 0
for (const { file, lines } of tooLong)
  process.stdout.write(`${file} has ${lines} lines; split it by feature (at most ${MOST}).\n`)
if (median > MEDIAN) process.stdout.write(`The median file has ${median} lines; aim for at most ${MEDIAN}.\n`)
process.stdout.write(`${sizes.length} files, median ${median}, longest ${sorted.at(-1)}\n`)
process.exit(tooLong.length > 0 || median > MEDIAN ? 1 : 0)
