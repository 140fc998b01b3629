import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'

/**
 * node replay.mjs FILE.gz PIECES MS
 *
 * Writes a recording as it was, in that many pieces with a pause after each, and nothing else, then stays.
 */
const [file, pieces, ms] = process.argv.slice(2)
// What the recorded terminal wrote was final: this one changes nothing about it.
execFileSync('stty', ['raw', '-echo', '-opost'], { stdio: ['inherit', 'ignore', 'inherit'] })
process.stdin.on('data', () => undefined)
const bytes = gunzipSync(readFileSync(file))
const size = Math.ceil(bytes.length / Number(pieces))
for (let at = 0; at < bytes.length; at += size) {
  await new Promise((resolve) => process.stdout.write(bytes.subarray(at, at + size), resolve))
  await new Promise((resolve) => setTimeout(resolve, Number(ms)))
}
