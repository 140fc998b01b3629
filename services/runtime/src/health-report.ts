import { readFile, statfs } from 'node:fs/promises'
import { cpus, freemem, totalmem } from 'node:os'
import type { HealthReport } from '@pilot/protocol/messages/runtime-health'

/** Makes the function that measures the machine: load since the last call, memory and the disk that holds `directory`. */
export function createHealthReporter(directory: string): () => Promise<HealthReport> {
  let before = cpuTimes()
  return async () => {
    const now = cpuTimes()
    const [busy, total] = [now.busy - before.busy, now.total - before.total]
    before = now
    const disk = await statfs(directory).catch(() => null)
    const memory_total = totalmem()
    return {
      cpu: total > 0 ? Math.min(1, Math.max(0, busy / total)) : 0,
      memory_used: Math.max(0, memory_total - (await availableMemory())),
      memory_total,
      disk_used: disk ? (disk.blocks - disk.bfree) * disk.bsize : 0,
      disk_total: disk ? disk.blocks * disk.bsize : 0,
    }
  }
}

function cpuTimes(): { busy: number; total: number } {
  let busy = 0
  let total = 0
  for (const { times } of cpus()) {
    const all = times.user + times.nice + times.sys + times.idle + times.irq
    busy += all - times.idle
    total += all
  }
  return { busy, total }
}

/** What programs can still get. Linux counts its caches as used in "free", so it is asked for "available". */
async function availableMemory(): Promise<number> {
  if (process.platform !== 'linux') return freemem()
  const text = await readFile('/proc/meminfo', 'utf8').catch(() => '')
  const kilobytes = /^MemAvailable:\s+(\d+) kB/m.exec(text)?.[1]
  return kilobytes === undefined ? freemem() : Number(kilobytes) * 1024
}
