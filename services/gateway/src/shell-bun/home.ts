import { Database } from 'bun:sqlite'
import { chmodSync, closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { PilotError } from '@pilot/domain/errors'
import { type Id, isId } from '@pilot/domain/ids'
import { z } from 'zod'
import { base64Url } from '../crypto/token.ts'
import type { GatewayKeys } from '../deps.ts'

/** Everything that the control plane keeps, below `PILOT_HOME/gateway`. */
export interface GatewayPaths {
  root: string
  database: string
  keys: string
  lock: string
  socket: string
  /** Written by the daemon of this computer; only its runtime id is read here. */
  localIdentity: string
}

export function gatewayPaths(home: string): GatewayPaths {
  const root = join(home, 'gateway')
  return {
    root,
    database: join(root, 'pilot.db'),
    keys: join(root, 'keys.json'),
    lock: join(root, 'gateway.lock'),
    socket: join(root, 'control.sock'),
    localIdentity: join(home, 'runtime', 'identity.json'),
  }
}

/** Creates the directory, readable by its owner alone. */
export function prepareGatewayHome(paths: GatewayPaths): void {
  mkdirSync(paths.root, { recursive: true, mode: 0o700 })
  chmodSync(paths.root, 0o700)
}

/**
 * Holds the data directory for this process. The lock is SQLite's own on a small file: the system releases it when the
 * process ends, however it ends. Throws CONFLICT while another one holds it.
 */
export function lockGatewayHome(paths: GatewayPaths): { release: () => void } {
  const db = new Database(paths.lock)
  try {
    db.exec('pragma busy_timeout = 0')
    db.exec('begin exclusive')
  } catch (cause) {
    db.close()
    const message = 'A gateway is already running on this data directory. Use that one, or stop it first.'
    throw new PilotError('CONFLICT', message, undefined, { cause })
  }
  return {
    release() {
      db.exec('rollback')
      db.close()
    },
  }
}

const key = z.string().regex(/^[A-Za-z0-9_-]{43}$/)
const KeysSchema = z.object({ auth_secret: z.string().min(32), kek: z.record(z.string().regex(/^\d+$/), key) })

/** Reads the keys, or makes them at the first start. A damaged file is never replaced: it would lose every secret. */
export function loadKeys(paths: GatewayPaths): GatewayKeys {
  const text = readIfThere(paths.keys)
  if (text === null) return createKeys(paths)
  chmodSync(paths.keys, 0o600)
  const parsed = KeysSchema.safeParse(parseJson(text))
  if (parsed.success && Object.keys(parsed.data.kek).length > 0) return parsed.data
  throw new PilotError('CONFLICT', `The keys in ${paths.keys} are damaged. Restore the file from a backup.`)
}

function createKeys(paths: GatewayPaths): GatewayKeys {
  const random = () => base64Url(crypto.getRandomValues(new Uint8Array(32)))
  const keys: GatewayKeys = { auth_secret: random(), kek: { '1': random() } }
  const partial = `${paths.keys}.partial`
  const file = openSync(partial, 'w', 0o600)
  try {
    writeSync(file, `${JSON.stringify(keys, null, 2)}\n`)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  renameSync(partial, paths.keys)
  return keys
}

/** The runtime that the daemon of this computer has enrolled as, if any. */
export function readLocalIdentity(paths: GatewayPaths): Id<'runtime'> | null {
  const text = readIfThere(paths.localIdentity)
  const value: unknown = text === null ? null : parseJson(text)
  const id: unknown = value !== null && typeof value === 'object' ? Reflect.get(value, 'runtime_id') : null
  return isId('runtime', id) ? id : null
}

function readIfThere(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return null
    throw cause
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
