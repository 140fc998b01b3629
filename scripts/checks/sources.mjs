import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../lib/run.mjs'

const GENERATED = /(^|\/)(dist|migrations|gen|generated)\/|\.gen\.tsx?$|\.d\.ts$/

/** Every source file of ours that git knows or would add, as paths from the root. */
export function sourceFiles(pattern = /\.(ts|tsx|mjs)$/) {
  const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
  })
  return [...new Set(listed.split('\n'))].filter(
    (file) => pattern.test(file) && !GENERATED.test(file) && existsSync(join(root, file)),
  )
}
