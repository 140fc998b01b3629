import { open, readFile, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { PilotError } from '@pilot/domain/errors'
import { idSchema } from '@pilot/domain/ids'
import { z } from 'zod'

/** Who this machine is to the control plane. The token is the machine's only credential. */
export const IdentitySchema = z.object({
  runtime_id: idSchema('runtime'),
  instance_id: idSchema('instance'),
  runtime_token: z.string().min(20).max(500),
})
export type Identity = z.infer<typeof IdentitySchema>

/** Null when this machine was never enrolled. Throws CONFLICT when the file is there but cannot be understood. */
export async function readIdentity(file: string): Promise<Identity | null> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return null
    throw cause
  }
  const parsed = IdentitySchema.safeParse(parseJson(text))
  if (parsed.success) return parsed.data
  throw new PilotError(
    'CONFLICT',
    'The identity of this machine (runtime/identity.json) is damaged. Delete the file and enrol the machine again.',
  )
}

/** Writes the file whole or not at all, readable by its owner alone, and waits until the disk has it. */
export async function writeIdentity(file: string, identity: Identity): Promise<void> {
  const partial = `${file}.partial`
  const handle = await open(partial, 'w', 0o600)
  try {
    await handle.chmod(0o600)
    await handle.writeFile(`${JSON.stringify(identity, null, 2)}\n`)
    await handle.sync()
  } finally {
    await handle.close()
  }
  await rename(partial, file)
  const directory = await open(dirname(file), 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
