import { execFile } from 'node:child_process'
import { accessSync, constants, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { delimiter, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { PilotError } from '@pilot/domain/errors'

export interface EngineBinary {
  path: string
  version: string
}

/** The generation whose API this adapter speaks; 2.x moved all of it. */
const SUPPORTED = /^1\.18\.\d+/
const INSTALL_HINT = 'Install it with "npm install -g opencode-ai@1.18.33", or set PILOT_OPENCODE_BIN to its path.'

/**
 * Finds OpenCode: the npm package of this platform, then PILOT_OPENCODE_BIN, then PATH. Throws PilotError
 * AGENT_NOT_INSTALLED with what to do when there is none, or only one of another generation.
 */
export async function findBinary(
  env: Record<string, string | undefined>,
  packagedBinary: () => EngineBinary | null = fromPackage,
): Promise<EngineBinary> {
  const packaged = packagedBinary()
  if (packaged) return packaged
  const configured = env.PILOT_OPENCODE_BIN
  if (configured) return await checked(configured)
  const onPath = (env.PATH ?? '')
    .split(delimiter)
    .filter((directory) => directory !== '')
    .map((directory) => join(directory, 'opencode'))
    .find(isExecutable)
  if (onPath) return await checked(onPath)
  throw new PilotError('AGENT_NOT_INSTALLED', `OpenCode is not installed on this machine. ${INSTALL_HINT}`)
}

function fromPackage(): EngineBinary | null {
  const require = createRequire(import.meta.url)
  const base = `opencode-${process.platform}-${process.arch}`
  for (const name of [base, `${base}-baseline`, `${base}-musl`]) {
    try {
      const manifest = require.resolve(`${name}/package.json`)
      const { version } = JSON.parse(readFileSync(manifest, 'utf8'))
      const path = join(dirname(manifest), 'bin', 'opencode')
      if (typeof version === 'string' && SUPPORTED.test(version) && isExecutable(path)) return { path, version }
    } catch {
      // Not installed for this platform: the next name, then the other places.
    }
  }
  return null
}

async function checked(path: string): Promise<EngineBinary> {
  if (!isExecutable(path)) {
    throw new PilotError('AGENT_NOT_INSTALLED', `The configured OpenCode program cannot be run. ${INSTALL_HINT}`)
  }
  const version = await versionOf(path)
  if (version !== null && SUPPORTED.test(version)) return { path, version }
  const found = version === null ? 'does not tell its version' : `has version ${version}`
  throw new PilotError(
    'AGENT_NOT_INSTALLED',
    `The OpenCode on this machine ${found}, but 1.18 is needed. ${INSTALL_HINT}`,
  )
}

async function versionOf(path: string): Promise<string | null> {
  try {
    const { stdout } = await promisify(execFile)(path, ['--version'], { timeout: 20_000, maxBuffer: 65_536 })
    return /\d+\.\d+\.\d+\S*/.exec(stdout)?.[0] ?? null
  } catch {
    return null
  }
}

/** Directory of the bundled ripgrep: without it OpenCode would download one at the first search. Null when absent. */
export function ripgrepDirectory(): string | null {
  try {
    const require = createRequire(import.meta.url)
    const inner = createRequire(require.resolve('@vscode/ripgrep'))
    return dirname(inner.resolve(`@vscode/ripgrep-${process.platform}-${process.arch}/bin/rg`))
  } catch {
    return null
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
