import { join } from 'node:path'

/** Command lines of the programs that tests run inside terminals, by the Node that runs the test. */
const command = (name: string, ...args: (string | number)[]) =>
  [process.execPath, join(import.meta.dirname, 'programs', name), ...args].join(' ')

/** Prints numbered lines; 0 bytes per second: as fast as they are taken. */
export const numberedLines = (count: number, bytesPerSecond: number, width = 100) =>
  command('lines.mjs', count, bytesPerSecond, width)
/** Keeps every byte that is typed in a file. */
export const keptKeys = (file: string) => command('keys.mjs', file)
/** Writes a recording as it was. */
export const replayed = (file: string, pieces: number, ms: number) => command('replay.mjs', file, pieces, ms)
