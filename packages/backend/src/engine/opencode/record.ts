import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { z } from 'zod'
import { rootPaths } from './root.ts'

/** What the runtime must know to take over an engine that a previous runtime started. */
export const EngineRecordSchema = z.object({
  pid: z.number().int().positive(),
  /** When the process began, as the system tells it: guards against a reused pid. */
  started: z.string(),
  boot_id: z.string(),
  /** Null while it starts. */
  port: z.number().int().nullable(),
  password: z.string(),
  version: z.string(),
  /** The model endpoint that its configuration names. */
  model_url: z.string(),
  model_token: z.string(),
})
export type EngineRecord = z.infer<typeof EngineRecordSchema>

/** The record of the engine below `root`, or null. The file is private to this user. */
export async function readEngineRecord(root: string): Promise<EngineRecord | null> {
  try {
    const parsed = EngineRecordSchema.safeParse(JSON.parse(await readFile(rootPaths(root).recordFile, 'utf8')))
    return parsed.success ? parsed.data : null
  } catch {
    return null
  }
}

/** Replaces the record in one step, so that a crash never leaves half of one. */
export async function writeEngineRecord(root: string, record: EngineRecord): Promise<void> {
  const { recordFile } = rootPaths(root)
  await writeFile(`${recordFile}.new`, JSON.stringify(record), { mode: 0o600 })
  await rename(`${recordFile}.new`, recordFile)
}

export async function removeEngineRecord(root: string): Promise<void> {
  await rm(rootPaths(root).recordFile, { force: true })
}
