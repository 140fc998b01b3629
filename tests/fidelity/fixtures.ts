import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'

/** Size of every recording. */
export const COLS = 80
export const ROWS = 24

/** Recordings of what real programs wrote to a terminal, made by `record.ts`, each as it came and packed. */
export const FIXTURES = join(import.meta.dirname, 'fixtures')

export const fixtureNames = (): string[] =>
  readdirSync(FIXTURES)
    .filter((file) => file.endsWith('.gz'))
    .map((file) => file.slice(0, -3))
    .toSorted()

export const fixture = (name: string): Buffer => gunzipSync(readFileSync(join(FIXTURES, `${name}.gz`)))
