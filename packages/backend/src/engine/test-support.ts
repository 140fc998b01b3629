import { execFileSync } from 'node:child_process'
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { EngineEvent } from './engine.ts'

/** Helpers of the tests that run a real engine. */

export function tempDirectory(name: string): string {
  return realpathSync(mkdtempSync(join(tmpdir(), `${name}-`)))
}

export async function tempRepository(files: Record<string, string>): Promise<string> {
  const directory = tempDirectory('pilot-repo')
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(directory, path)), { recursive: true })
    writeFileSync(join(directory, path), text)
  }
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=Test', '-c', 'user.email=test@example.com', ...args], {
      cwd: directory,
      stdio: 'pipe',
    })
  git('init', '-q', '-b', 'main')
  git('add', '.')
  git('commit', '-q', '-m', 'first')
  return directory
}

export function removeDirectory(directory: string): void {
  rmSync(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
}

/** Polls until the condition gives something. */
export async function until<T>(
  what: string,
  condition: () => T | null | undefined | false | Promise<T | null | undefined | false>,
  timeoutMs = 100_000,
): Promise<T> {
  const deadline = Date.now() + timeoutMs
  for (;;) {
    const value = await condition()
    if (value) return value
    if (Date.now() > deadline) throw new Error(`waited in vain for: ${what}`)
    await delay(20)
  }
}

/** Collects events and finds them by type. */
export class EventLog {
  readonly events: EngineEvent[] = []
  readonly push = (event: EngineEvent): void => {
    this.events.push(event)
  }
  /** Events of one type from position `from` on. */
  all<T extends EngineEvent['type']>(type: T, from = 0): Extract<EngineEvent, { type: T }>[] {
    return this.events.slice(from).filter((event): event is Extract<EngineEvent, { type: T }> => event.type === type)
  }
  /** Waits for an event at or after `from`. */
  next<T extends EngineEvent['type']>(
    type: T,
    matches: (event: Extract<EngineEvent, { type: T }>) => boolean = () => true,
    from = 0,
  ): Promise<Extract<EngineEvent, { type: T }>> {
    return until(`event ${type}`, () => this.all(type, from).find(matches))
  }
  /** Waits until the session has been idle after position `from`. */
  async idle(externalId: string, from: number): Promise<void> {
    await this.next('run', (event) => event.external_id === externalId && event.run.status === 'idle', from)
  }
}
