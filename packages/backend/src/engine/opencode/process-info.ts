import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { promisify } from 'node:util'

/**
 * Facts about processes of this machine. Linux reads /proc; elsewhere `ps` tells. A pid alone proves nothing: it is
 * reused, so a process is only taken for the recorded one when it began at the recorded moment of the same boot.
 */
const isLinux = process.platform === 'linux'
const run = promisify(execFile)

/** A value that changes with every boot; empty when the system tells none. */
export async function bootId(): Promise<string> {
  try {
    if (isLinux) return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim()
    return (await run('sysctl', ['-n', 'kern.bootsessionuuid'])).stdout.trim()
  } catch {
    return ''
  }
}

/** When a process began, as an opaque string. Null when it is gone, or dead and only waiting to be collected. */
export async function processStart(pid: number): Promise<string | null> {
  try {
    if (!isLinux) {
      const { stdout } = await run('ps', ['-o', 'stat=,lstart=', '-p', String(pid)])
      const text = stdout.trim()
      return text === '' || text.startsWith('Z') ? null : text.replace(/^\S+\s+/, '')
    }
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
    // The name in parentheses may hold spaces: fields are counted from behind it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' || fields[0] === 'X' ? null : (fields[19] ?? null)
  } catch {
    return null
  }
}

/** Processor time that a process has used, as an opaque string that changes as it works. Null when it is gone. */
export async function processorTime(pid: number): Promise<string | null> {
  try {
    if (!isLinux) return (await run('ps', ['-o', 'time=', '-p', String(pid)])).stdout.trim() || null
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return `${fields[11]} ${fields[12]}`
  } catch {
    return null
  }
}

/** Resident memory in bytes, or null. */
export async function residentBytes(pid: number): Promise<number | null> {
  try {
    if (isLinux) {
      const pages = Number((await readFile(`/proc/${pid}/statm`, 'utf8')).split(' ')[1])
      return Number.isFinite(pages) ? pages * 4096 : null
    }
    const kilobytes = Number((await run('ps', ['-o', 'rss=', '-p', String(pid)])).stdout.trim())
    return Number.isFinite(kilobytes) ? kilobytes * 1024 : null
  } catch {
    return null
  }
}

/** Processes of this user whose environment holds `name=value`: everything the engine started inherits its marker. */
export async function processesWithEnv(name: string, value: string): Promise<number[]> {
  const marker = `${name}=${value}`
  if (!isLinux) return await markedByPs(marker)
  const entries = await readdir('/proc').catch(() => [])
  const pids = entries.filter((entry) => /^\d+$/.test(entry)).map(Number)
  const marked = await Promise.all(
    pids.map(async (pid) => {
      const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '')
      return environment.split('\0').includes(marker) ? pid : null
    }),
  )
  return marked.filter((pid) => pid !== null).filter((pid) => pid !== process.pid)
}

async function markedByPs(marker: string): Promise<number[]> {
  try {
    const { stdout } = await run('ps', ['-axEww', '-o', 'pid=,command='], { maxBuffer: 32 * 1024 * 1024 })
    return stdout
      .split('\n')
      .filter((line) => ` ${line} `.includes(` ${marker} `))
      .map((line) => Number.parseInt(line, 10))
      .filter((pid) => Number.isInteger(pid) && pid !== process.pid)
  } catch {
    return []
  }
}

/** Sends a signal; false when the process is gone or not ours. */
export function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, name)
  } catch {
    return false
  }
}
