const isLinux = process.platform === 'linux'

/** Loaded only where it is needed: it would cost every holder half a megabyte. */
const nodeFs = () => process.getBuiltinModule('node:fs')
const readFile = (path: string) => nodeFs().readFileSync(path, 'utf8')

/**
 * When a process began, as an opaque string: with its id it names one process for ever. Null when it is gone, or dead and
 * only waiting to be collected. Linux reads /proc, elsewhere ps tells.
 */
export function processStart(pid: number, read = readFile): string | null {
  try {
    if (isLinux) {
      const fields = statFields(pid, read)
      return fields[0] === 'Z' || fields[0] === 'X' ? null : (fields[19] ?? null)
    }
    const text = ps('-o', 'stat=,lstart=', '-p', String(pid)).trim()
    return text === '' || text.startsWith('Z') ? null : text.replace(/^\S+\s+/, '')
  } catch {
    return null
  }
}

/** Living processes of a session, whose id is that of the process that leads it: everything a terminal started. */
export function sessionProcesses(sessionId: number): { pid: number; name: string }[] {
  try {
    if (!isLinux) return sessionByPs(sessionId)
    const found: { pid: number; name: string }[] = []
    for (const entry of nodeFs().readdirSync('/proc')) {
      if (!/^\d+$/.test(entry)) continue
      try {
        const stat = readFile(`/proc/${entry}/stat`)
        const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
        if (fields[3] !== String(sessionId) || fields[0] === 'Z' || fields[0] === 'X') continue
        found.push({ pid: Number(entry), name: stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')')) })
      } catch {
        // It ended meanwhile.
      }
    }
    return found
  } catch {
    return []
  }
}

/** The process group in the foreground of the terminal that a process has; null where the system does not tell. */
export function foregroundGroup(pid: number, read = readFile): number | null {
  try {
    return isLinux ? Number(statFields(pid, read)[5]) : null
  } catch {
    return null
  }
}

/** Fields of /proc/PID/stat after the name in parentheses, which may hold spaces. */
function statFields(pid: number, read: (path: string) => string): string[] {
  const stat = read(`/proc/${pid}/stat`)
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
}

function sessionByPs(sessionId: number): { pid: number; name: string }[] {
  return ps('-axo', 'pid=,sess=,pgid=,stat=,comm=')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, session, group, stat]) => !stat?.startsWith('Z') && [session, group].includes(String(sessionId)))
    .map(([pid, , , , ...name]) => ({ pid: Number(pid), name: name.join(' ') }))
}

/** Its module is as large. */
function ps(...args: string[]): string {
  const { spawnSync } = process.getBuiltinModule('node:child_process')
  return spawnSync('ps', args, { encoding: 'utf8' }).stdout
}
