import { spawnSync } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'

const LockSchema = z.object({ pid: z.number().int(), started: z.string() })

/**
 * When a process began, as the kernel tells it: together with the pid it names one process for ever. Linux reads
 * /proc, other systems ask ps. Null when there is no such process.
 */
export function processStart(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // Field 22, counted after the command name, which may itself hold spaces and parentheses.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null
  } catch {
    if (process.platform === 'linux') return null
    const { stdout, status } = spawnSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' })
    return status === 0 ? stdout.trim() || null : null
  }
}

export type Lock = { held: true; release: () => void } | { held: false; pid: number }

/** Takes `<home>/<name>.lock` for this process, or says who holds it. A lock of a dead process is taken over. */
export function takeLock(home: string, name: string): Lock {
  const file = join(home, `${name}.lock`)
  const mine = JSON.stringify({ pid: process.pid, started: processStart(process.pid) ?? '' })
  for (;;) {
    try {
      writeFileSync(file, mine, { flag: 'wx', mode: 0o600 })
      return { held: true, release: () => rmSync(file, { force: true }) }
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    }
    const holder = readHolder(file)
    if (holder && processStart(holder.pid) === holder.started) return { held: false, pid: holder.pid }
    rmSync(file, { force: true })
  }
}

/** The living process that holds `<home>/<name>.lock`; null when there is none. */
export function lockHolder(home: string, name: string): number | null {
  const holder = readHolder(join(home, `${name}.lock`))
  return holder && processStart(holder.pid) === holder.started ? holder.pid : null
}

function readHolder(file: string) {
  try {
    return LockSchema.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch {
    return null
  }
}
