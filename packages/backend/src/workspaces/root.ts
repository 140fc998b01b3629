import { constants } from 'node:fs'
import { access, realpath, stat } from 'node:fs/promises'
import { isAbsolute, parse } from 'node:path'
import { PilotError } from '@pilot/domain/errors'
import { isInside } from './jail.ts'

export interface RootRules {
  /** Directories that belong to Pilot itself; nothing in them can be a workspace. */
  reserved: readonly string[]
  /** Resolved roots of the other workspaces of this machine, with the names that a person knows them by. */
  others: readonly { root: string; name: string }[]
}

/**
 * Checks a directory that a person named as a workspace and gives its resolved path. Throws WORKSPACE_ROOT_INVALID with
 * a sentence that says what to do, and `details.reason` for the screen: not_absolute, missing, not_a_directory,
 * unreadable, filesystem_root, reserved or nested.
 */
export async function validateRoot(directory: string, rules: RootRules): Promise<string> {
  if (!isAbsolute(directory) || /[\0\n]/.test(directory) || !directory.isWellFormed()) {
    throw invalid('not_absolute', 'Give the whole path of the directory, from / on.')
  }
  let root: string
  try {
    root = await realpath(directory)
  } catch (cause) {
    throw unusable(cause)
  }
  const info = await stat(root).catch((cause: unknown) => {
    throw unusable(cause)
  })
  if (!info.isDirectory()) throw invalid('not_a_directory', 'This is a file. Name the directory that holds it.')
  if (root === parse(root).root) {
    throw invalid(
      'filesystem_root',
      'The root of the whole file system cannot be a workspace. Choose a directory in it.',
    )
  }
  try {
    await access(root, constants.R_OK | constants.W_OK | constants.X_OK)
  } catch (cause) {
    throw unusable(cause)
  }
  for (const reserved of rules.reserved) {
    const resolved = await realpath(reserved).catch(() => reserved)
    if (isInside(resolved, root)) {
      throw invalid('reserved', 'This directory belongs to Pilot itself. Choose one outside of it.')
    }
  }
  for (const other of rules.others) {
    if (isInside(other.root, root)) {
      throw invalid(
        'nested',
        `The directory is inside the workspace "${other.name}". Work there, or choose another one.`,
      )
    }
    if (isInside(root, other.root)) {
      throw invalid('nested', `The directory holds the workspace "${other.name}". Choose one beside it.`)
    }
  }
  return root
}

function unusable(cause: unknown): PilotError {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  switch (code) {
    case 'ENOENT':
      return invalid(
        'missing',
        'The directory does not exist on this machine. Create it, or choose another one.',
        cause,
      )
    case 'ENOTDIR':
      return invalid('not_a_directory', 'A part of this path is a file. Check the path.', cause)
    case 'ELOOP':
    case 'ENAMETOOLONG':
      return invalid('missing', 'The path cannot be followed on this machine. Check it.', cause)
    default:
      return invalid(
        'unreadable',
        'The user that runs Pilot here may not read and write this directory. Change its permissions, or choose another one.',
        cause,
      )
  }
}

function invalid(reason: string, message: string, cause?: unknown): PilotError {
  return new PilotError('WORKSPACE_ROOT_INVALID', message, { reason }, cause === undefined ? undefined : { cause })
}
