import { join } from 'node:path'
import { z } from 'zod'

const StatusSchema = z.object({ url: z.string(), pid: z.number(), version: z.string() })
const LinkSchema = z.object({ url: z.string(), expires_at: z.string() })
const SetupSchema = z.object({
  runtime: z.object({ enrollment_token: z.string().optional(), runtime_id: z.string().optional() }),
  workspace_slug: z.string().nullable(),
})
const ErrorSchema = z.object({ error: z.object({ code: z.string(), message: z.string() }) })

export type ControlStatus = z.infer<typeof StatusSchema>
export type LocalSetup = z.infer<typeof SetupSchema>

export const controlSocketPath = (home: string) => join(home, 'gateway', 'control.sock')

/**
 * Speaks to the gateway's control socket. Whoever may open that file (mode 0600, below a 0700 directory) is the owner.
 * Every call has its own time limit; a gateway that is not there rejects.
 */
export function controlClient(home: string) {
  const unix = controlSocketPath(home)
  async function call<T>(method: 'GET' | 'POST', path: string, schema: z.ZodType<T>, body?: unknown): Promise<T> {
    const response = await fetch(`http://control${path}`, {
      method,
      unix,
      signal: AbortSignal.timeout(10_000),
      ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    })
    const json: unknown = await response.json()
    if (response.ok) return schema.parse(json)
    const error = ErrorSchema.safeParse(json)
    throw new Error(error.success ? error.data.error.message : `The gateway answered ${response.status}.`)
  }
  return {
    status: () => call('GET', '/status', StatusSchema),
    ownerLink: () => call('POST', '/owner-link', LinkSchema, {}),
    localSetup: (input: {
      user_name: string
      machine_name: string
      directory: string | null
      demo_directory: string
    }) => call('POST', '/local-setup', SetupSchema, input),
  }
}
