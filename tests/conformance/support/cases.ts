import { afterAll, beforeAll, describe } from 'vitest'
import { authCases } from '../cases/auth.ts'
import { documentCases } from '../cases/document.ts'
import { linkCases } from '../cases/link.ts'
import { resourceCases } from '../cases/resources.ts'
import { terminalCases } from '../cases/terminal.ts'
import { tunnelCases } from '../cases/tunnel.ts'
import type { Target } from './target.ts'

/** Gives the running target to a case when it runs. */
export type TargetOf = () => Target

/** The one suite that both shells pass. `sleeps`: its hubs are put to sleep while their sockets stay open. */
export function conformance(name: string, start: () => Promise<Target>, sleeps: boolean): void {
  describe(name, () => {
    let target: Target | null = null
    const current: TargetOf = () => {
      if (!target) throw new Error('the target is not running')
      return target
    }
    beforeAll(async () => {
      target = await start()
    })
    afterAll(() => target?.stop())
    documentCases(current)
    authCases(current)
    resourceCases(current)
    tunnelCases(current)
    linkCases(current, sleeps)
    terminalCases(current, sleeps)
  })
}
