import { errorBody, PilotError } from '@pilot/domain/errors'
import { type Id, newId } from '@pilot/domain/ids'
import { Hono } from 'hono'
import type { App } from '../app-context.ts'
import { ensureOwner, issueOwnerLink } from '../auth/owner-link.ts'
import { readJson } from '../http/body.ts'
import { LocalSetupSchema, localSetup } from './local-setup.ts'

export interface ControlOptions {
  /** Address of the listener on this computer, for the local daemon. */
  url: string
  pid: number
  /** The identity that the daemon of this computer has stored, if any. */
  localIdentity: () => Promise<Id<'runtime'> | null>
}

/**
 * What the gateway answers on its socket in the file system. Whoever can open that file is this computer's user, and
 * owns the installation; nothing here is reachable over the network.
 */
export function makeControlApp(app: App, options: ControlOptions): Hono {
  const hono = new Hono()
  let queue: Promise<unknown> = Promise.resolve()

  hono.onError((cause) => {
    const { status, body } = errorBody(cause, newId('request'))
    if (body.error.code === 'INTERNAL') app.logger.error({ err: cause }, 'control request failed')
    return Response.json(body, { status })
  })
  hono.notFound(() => {
    throw new PilotError('NOT_FOUND')
  })

  hono.get('/status', (c) => c.json({ url: options.url, pid: options.pid, version: app.config.version }))

  hono.post('/owner-link', async (c) => {
    const ownerId = await ensureOwner(app, 'Owner')
    const link = await issueOwnerLink(app, ownerId, { request_id: newId('request'), ip: 'local' })
    return c.json({ url: link.url, expires_at: link.expires_at.toISOString() })
  })

  hono.post('/local-setup', async (c) => {
    const input = await readJson(c.req.raw, LocalSetupSchema)
    const work = queue.then(async () =>
      localSetup(app, input, { runtime_id: await options.localIdentity(), request_id: newId('request') }),
    )
    // One at a time, so that two callers cannot both find nothing and make everything twice.
    queue = work.catch(() => undefined)
    return c.json(await work)
  })
  return hono
}
