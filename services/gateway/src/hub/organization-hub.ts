import { PilotError, toPilotError } from '@pilot/domain/errors'
import type { Id } from '@pilot/domain/ids'
import type { AgentSummary } from '@pilot/protocol/agent/event'
import { CLOSE } from '@pilot/protocol/close-codes'
import { encode, encodeError, type Outgoing, TEXT_LIMIT } from '@pilot/protocol/envelope'
import type { Clock } from '@pilot/protocol/link/clock'
import type { NotifyMessage } from '@pilot/protocol/messages/notify'
import { PING, PONG } from '@pilot/protocol/messages/ping'
import type { OrganizationDownMessage } from '@pilot/protocol/viewer'
import { MAX_VIEWERS, MAX_VIEWERS_PER_USER, REVALIDATE_EVERY_MS, VIEWER_BURST, VIEWER_RATE } from './limits.ts'
import type { HubBackend, MemberIdentity } from './port.ts'
import { Bucket } from './rate.ts'
import { SESSION_END, type SessionEnd } from './session-end.ts'
import { type HubSocket, readAttachment } from './socket.ts'

export interface OrganizationHubPorts {
  clock: Clock
  backend: HubBackend
  setAlarm(at: number): void
  log(message: string, fields: Record<string, unknown>): void
}

/** Every tab of one organization: tells them what is stale, what agents do, and what is worth a word. */
export class OrganizationHub {
  readonly #organizationId: Id<'organization'>
  readonly #ports: OrganizationHubPorts
  readonly #members = new Map<HubSocket, { identity: MemberIdentity; bucket: Bucket }>()

  constructor(organizationId: Id<'organization'>, ports: OrganizationHubPorts) {
    this.#organizationId = organizationId
    this.#ports = ports
  }

  get size(): number {
    return this.#members.size
  }

  accept(socket: HubSocket, identity: MemberIdentity): void {
    const ofUser = [...this.#members.values()].filter((member) => member.identity.user_id === identity.user_id).length
    if (this.size >= MAX_VIEWERS || ofUser >= MAX_VIEWERS_PER_USER) {
      socket.close(CLOSE.rate, 'too many connections')
      return
    }
    socket.setAttachment({ kind: 'member', ...identity })
    this.#add(socket, identity)
    if (this.size === 1) this.#schedule()
  }

  /** Takes over the sockets that outlived a sleep. */
  restore(sockets: HubSocket[]): void {
    for (const socket of sockets) {
      const attachment = readAttachment(socket)
      if (attachment?.kind === 'member' && attachment.organization_id === this.#organizationId) {
        const { kind: _kind, ...identity } = attachment
        this.#add(socket, identity)
      } else socket.close(CLOSE.shutdown, 'unknown socket')
    }
  }

  /** Tabs have nothing to say here but pings. */
  onMessage(socket: HubSocket, data: string | Uint8Array): void {
    const member = this.#members.get(socket)
    if (!member || data === PONG) return
    if (!member.bucket.take(this.#ports.clock.now())) this.#drop(socket, CLOSE.rate, 'too many messages')
    else if (data === PING) socket.send(PONG)
    else if (typeof data === 'string' && data.length <= TEXT_LIMIT.viewer_up) {
      socket.send(encodeError(new PilotError('UNSUPPORTED_MESSAGE')))
    } else this.#drop(socket, CLOSE.policy, 'message too large')
  }

  onClose(socket: HubSocket): void {
    this.#members.delete(socket)
  }

  /** See `HubPort.invalidate`. */
  invalidate(keys: string[][], requestId?: string): void {
    this.#send({ type: 'invalidate', keys, request_id: requestId })
  }

  summary(summary: AgentSummary): void {
    this.#send({ type: 'agent.summary', summary })
  }

  notify(notification: Pick<NotifyMessage, 'level' | 'message' | 'link'>): void {
    this.#send({ type: 'notify', ...notification })
  }

  /** See `HubPort.disconnectSession`. */
  disconnectSession(sessionId: Id<'session'>, why: SessionEnd): void {
    const [code, reason] = SESSION_END[why]
    for (const [socket, { identity }] of [...this.#members]) {
      if (identity.session_id === sessionId) this.#drop(socket, code, reason)
    }
  }

  close(): void {
    for (const socket of [...this.#members.keys()]) this.#drop(socket, CLOSE.shutdown, 'restart')
  }

  /** Looks again whether every tab may still be here. */
  async onAlarm(): Promise<void> {
    const { backend } = this.#ports
    if (backend.memberAllowed) {
      for (const [socket, { identity }] of [...this.#members]) {
        try {
          if (!(await backend.memberAllowed(identity))) this.#drop(socket, CLOSE.revoked, 'no longer allowed')
        } catch (cause) {
          // The database is away: the next round asks again.
          this.#ports.log('member was not checked', { code: toPilotError(cause).code })
        }
      }
    }
    if (this.size > 0) this.#schedule()
  }

  /** Closes a socket and forgets it at once, whether or not its peer answers the close. */
  #drop(socket: HubSocket, code: number, reason: string): void {
    socket.close(code, reason)
    this.onClose(socket)
  }

  #add(socket: HubSocket, identity: MemberIdentity): void {
    this.#members.set(socket, { identity, bucket: new Bucket(VIEWER_BURST, VIEWER_RATE, this.#ports.clock.now()) })
  }

  #send(message: Outgoing<OrganizationDownMessage>): void {
    const text = encode(message)
    for (const socket of [...this.#members.keys()]) socket.send(text)
  }

  #schedule(): void {
    this.#ports.setAlarm(this.#ports.clock.now() + REVALIDATE_EVERY_MS)
  }
}
