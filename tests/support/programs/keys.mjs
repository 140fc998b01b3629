import { appendFileSync } from 'node:fs'

/** node keys.mjs FILE: appends every byte that is typed to the file, as it comes, and prints nothing but READY. */
const [file] = process.argv.slice(2)
process.stdin.setRawMode(true)
process.stdin.on('data', (bytes) => appendFileSync(file, bytes))
process.stdout.write('READY\n')
