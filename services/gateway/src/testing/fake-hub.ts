import { PilotError } from '@pilot/domain/errors'
import type { Id } from '@pilot/domain/ids'
import type { HubPort, RuntimeIdentity, RuntimePresence, TunnelTarget, ViewerIdentity } from '../hub/port.ts'

/** A hub without sockets: remembers what it was asked and answers as the test says. */
export class FakeHub implements HubPort {
  readonly online = new Set<Id<'runtime'>>()
  readonly commands: { runtimeId: Id<'runtime'>; message: Record<string, unknown> }[] = []
  readonly invalidated: { organizationId: Id<'organization'>; keys: string[][] }[] = []
  readonly closedRuntimes: { runtimeId: Id<'runtime'>; code: number }[] = []
  readonly closedSessions: Id<'session'>[] = []
  readonly refreshed: Id<'runtime'>[] = []
  readonly tunnelled: { request: Request; target: TunnelTarget }[] = []
  readonly viewers: ViewerIdentity[] = []
  readonly runtimes: RuntimeIdentity[] = []
  onCommand: (message: Record<string, unknown>) => Promise<unknown> = async (message) => ({
    root_path: rootOf(message),
  })
  onTunnel: (request: Request) => Promise<Response> = async () => Response.json({ ok: true })

  #upgraded(): Response {
    return new Response(null, { status: 200, headers: { 'x-test-upgraded': '1' } })
  }
  async connectRuntime(_request: Request, identity: RuntimeIdentity) {
    this.runtimes.push(identity)
    return this.#upgraded()
  }
  async connectViewer(_request: Request, identity: ViewerIdentity) {
    this.viewers.push(identity)
    return this.#upgraded()
  }
  async connectOrganization() {
    return this.#upgraded()
  }
  async refuse(_request: Request, code: number) {
    return new Response(null, { status: 200, headers: { 'x-test-refused': String(code) } })
  }
  async tunnel(request: Request, target: TunnelTarget) {
    if (!this.online.has(target.runtime_id)) throw new PilotError('RUNTIME_OFFLINE')
    this.tunnelled.push({ request, target })
    return this.onTunnel(request)
  }
  async command(runtimeId: Id<'runtime'>, message: { type: string } & Record<string, unknown>) {
    this.commands.push({ runtimeId, message })
    if (!this.online.has(runtimeId)) throw new PilotError('RUNTIME_OFFLINE')
    return this.onCommand(message)
  }
  async presence(ids: Id<'runtime'>[]) {
    const entry = (id: Id<'runtime'>): [Id<'runtime'>, RuntimePresence] => [
      id,
      { online: this.online.has(id), last_seen_at: null, version: null, health: null },
    ]
    return new Map(ids.map(entry))
  }
  async disconnectRuntime(runtimeId: Id<'runtime'>, code: number) {
    this.online.delete(runtimeId)
    this.closedRuntimes.push({ runtimeId, code })
  }
  async disconnectSession(_organization: Id<'organization'>, _runtimes: Id<'runtime'>[], session: Id<'session'>) {
    this.closedSessions.push(session)
  }
  async invalidate(organizationId: Id<'organization'>, keys: string[][]) {
    this.invalidated.push({ organizationId, keys })
  }
  async refreshWelcome(runtimeId: Id<'runtime'>) {
    this.refreshed.push(runtimeId)
  }
}

function rootOf(message: Record<string, unknown>): string {
  const workspace = message.workspace
  const config: unknown = typeof workspace === 'object' && workspace ? Reflect.get(workspace, 'config') : null
  const directory: unknown = typeof config === 'object' && config ? Reflect.get(config, 'directory') : null
  return typeof directory === 'string' ? directory : '/clones/one'
}
