import { PilotError } from '@pilot/domain/errors'
import { CreateTerminalSchema, UpdateTerminalSchema } from '@pilot/protocol/terminal/rest'
import { z } from 'zod'
import type { App } from '../app-context.ts'
import { readJson, validate } from '../http/body.ts'
import type { GatewayContext } from '../http/context.ts'
import type { AddRoute } from '../policy/routes.ts'
import { tunnelRequest } from '../proxy/tunnel.ts'
import {
  closeTerminal,
  createTerminal,
  listTerminals,
  renameTerminal,
  reopenTerminal,
  terminalOf,
  terminalView,
} from '../services/terminal.ts'

const CloseSchema = z.object({ force: z.enum(['0', '1']).default('0') })
const MEMBER = { kind: 'workspace', min: 'member' } as const

const json = (body: unknown, status = 200) => Response.json(body, { status, headers: { 'cache-control': 'no-store' } })
const idOf = (c: GatewayContext) => c.req.param('terminalId')

/**
 * Terminals of a workspace, see `packages/protocol/src/terminal/rest.ts`. Lists and names are answered from rows; what
 * only the machine knows is asked of it, by GET alone. Nothing else below `/terminal` reaches the machine.
 */
export function addTerminalRoutes(app: App, add: AddRoute, chamber: string): void {
  const terminals = `${chamber}/terminal`
  const one = `${terminals}/:terminalId`
  add('GET', terminals, MEMBER, async (_c, scope) => json(await listTerminals(app, scope)))
  add('POST', terminals, MEMBER, async (c, scope) => {
    const { view, created } = await createTerminal(app, scope, await readJson(c.req.raw, CreateTerminalSchema))
    return json(view, created ? 201 : 200)
  })
  for (const name of ['programs', 'tmux'])
    add('GET', `${terminals}/${name}`, MEMBER, (c, scope) => tunnelRequest(app, c, scope))
  add('GET', one, MEMBER, async (c, scope) => json(terminalView(await terminalOf(app, scope, idOf(c)))))
  add('PATCH', one, MEMBER, async (c, scope) =>
    json(await renameTerminal(app, scope, idOf(c), await readJson(c.req.raw, UpdateTerminalSchema))),
  )
  add('DELETE', one, MEMBER, async (c, scope) => {
    await closeTerminal(app, scope, idOf(c), validate(CloseSchema, c.req.query()).force === '1')
    return new Response(null, { status: 204 })
  })
  add('POST', `${one}/reopen`, MEMBER, async (c, scope) => json(await reopenTerminal(app, scope, idOf(c))))
  for (const name of ['snapshot', 'attach-command', 'directory'])
    add('GET', `${one}/${name}`, MEMBER, async (c, scope) => {
      await terminalOf(app, scope, idOf(c))
      return tunnelRequest(app, c, scope)
    })
  for (const path of [terminals, `${terminals}/*`])
    add('ALL', path, MEMBER, () => {
      throw new PilotError('NOT_FOUND', 'There is no such address.')
    })
}
