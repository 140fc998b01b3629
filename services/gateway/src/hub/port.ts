import type { Id } from '@pilot/domain/ids'
import type { AgentSummary } from '@pilot/protocol/agent/event'
import type { SessionEnd } from './session-end.ts'

/**
 * What the gateway's routes need of the hubs, whichever shell runs them. In a Bun process it is a direct call; in a
 * Worker it is a call to a Durable Object (`RuntimeHub` by runtime id, `OrganizationHub` by organization id).
 */
export interface HubPort {
  /** Upgrades an authenticated runtime's request to link R. */
  connectRuntime(request: Request, identity: RuntimeIdentity): Promise<Response>
  /** Upgrades an authenticated browser's request to link W. */
  connectViewer(request: Request, identity: ViewerIdentity): Promise<Response>
  /** Upgrades an authenticated browser's request to link O. */
  connectOrganization(request: Request, identity: MemberIdentity): Promise<Response>
  /**
   * Upgrades and closes at once with an application close code, because a client cannot see why an upgrade failed:
   * 4003 for a revoked token or session, 4004 for an unknown runtime.
   */
  refuse(request: Request, code: number, reason: string): Promise<Response>
  /**
   * Sends a request through the runtime's link and gives its answer, streaming both ways. `request.url` holds the path
   * below the workspace root. Throws PilotError RUNTIME_OFFLINE, RUNTIME_TIMEOUT or STALE_GENERATION.
   */
  tunnel(request: Request, target: TunnelTarget): Promise<Response>
  /** A tracked command to the runtime; resolves with its `ack.data`. */
  command(
    runtimeId: Id<'runtime'>,
    message: { type: string } & Record<string, unknown>,
    timeoutMs?: number,
  ): Promise<unknown>
  presence(runtimeIds: Id<'runtime'>[]): Promise<Map<Id<'runtime'>, RuntimePresence>>
  /** Closes the socket of a revoked runtime (4003). */
  disconnectRuntime(runtimeId: Id<'runtime'>, code: number, reason: string): Promise<void>
  /** Closes every socket of a user's sign-in session and breaks off the answers that still stream to it. */
  disconnectSession(
    organizationId: Id<'organization'>,
    runtimeIds: Id<'runtime'>[],
    sessionId: Id<'session'>,
    why: SessionEnd,
  ): Promise<void>
  /** Tells every tab of an organization which queries are stale, e.g. `[['machine', 'list', 'inst_…']]`. */
  invalidate(organizationId: Id<'organization'>, keys: string[][], requestId?: string): Promise<void>
  /** New welcome for a live runtime (workspace added, model changed, …). */
  refreshWelcome(runtimeId: Id<'runtime'>): Promise<void>
}

export interface RuntimeIdentity {
  runtime_id: Id<'runtime'>
  instance_id: Id<'instance'>
  organization_id: Id<'organization'>
}

export interface ViewerIdentity {
  runtime_id: Id<'runtime'>
  organization_id: Id<'organization'>
  instance_id: Id<'instance'>
  workspace_id: Id<'workspace'>
  generation: number
  user_id: Id<'user'>
  role: 'owner' | 'admin' | 'member'
  session_id: Id<'session'>
  /** Somebody acts as this user: terminals can be watched, never typed into. */
  read_only: boolean
}

export interface MemberIdentity {
  organization_id: Id<'organization'>
  user_id: Id<'user'>
  session_id: Id<'session'>
}

export interface TunnelTarget {
  runtime_id: Id<'runtime'>
  workspace_id: Id<'workspace'>
  generation: number
  actor: { user_id: Id<'user'>; role: 'owner' | 'admin' | 'member' }
  request_id: string
  /** Sign-in session of the caller: its answers are broken off when it ends. */
  session_id: Id<'session'>
}

export interface RuntimePresence {
  online: boolean
  /** ISO time of the last traffic, or of the close. */
  last_seen_at: string | null
  version: string | null
  /** Last runtime.health report. */
  health: { cpu: number; memory_used: number; memory_total: number; disk_used: number; disk_total: number } | null
}

/**
 * What the hubs need of the gateway. Implemented over the database by `services/gateway/src/runtime/hub-backend.ts`;
 * fakes drive the hub tests.
 */
export interface HubBackend {
  /** First hello, come back, went offline, stale. Called only on change and every five minutes. */
  onPresence(runtimeId: Id<'runtime'>, change: { online: boolean; at: Date; hello?: RuntimeHello }): Promise<void>
  /** The authoritative list for `runtime.welcome`. */
  welcome(runtimeId: Id<'runtime'>): Promise<Welcome>
  /** Writes the agent_session row when newer; returns the organization to tell. */
  onSummary(runtimeId: Id<'runtime'>, summary: AgentSummary): Promise<void>
  /**
   * Brings the rows of terminals up to date. Of a complete list it gives what should run and is not on it, and what is
   * on it although somebody closed it while the machine was away.
   */
  onTerminals?(runtimeId: Id<'runtime'>, change: TerminalChange): Promise<TerminalOutcome>
  /** Asked for every open tab each five minutes: is the sign-in still valid, the membership and the pin unchanged? */
  viewerAllowed?(identity: ViewerIdentity): Promise<boolean>
  /** The same for the tabs of link O. */
  memberAllowed?(identity: MemberIdentity): Promise<boolean>
}

/** What a row keeps of a terminal, as its machine tells it. */
export interface TerminalReport {
  terminal_id: Id<'terminal'>
  workspace_id: Id<'workspace'>
  state: 'running' | 'ended' | 'error'
  exit_code: number | null
  mode: 'shared' | 'exclusive'
  cols: number
  rows: number
  /** Something was typed or put out since the last report. */
  active: boolean
}

export interface TerminalChange {
  /** `reports` are all terminals of the machine, as its hello lists them; else those that changed. */
  complete: boolean
  reports: TerminalReport[]
  /** Missing for so long that they count as lost. */
  lost: Id<'terminal'>[]
  /** Gone for good, as the machine says. */
  closed: Id<'terminal'>[]
}

export interface TerminalOutcome {
  missing: Id<'terminal'>[]
  unwanted: { terminal_id: Id<'terminal'>; workspace_id: Id<'workspace'>; created_by: Id<'user'> }[]
}

export interface RuntimeHello {
  version: string
  os: string
  arch: string
  boot_id: string
  capabilities: Record<string, boolean>
  system: Record<string, unknown>
}

export interface Welcome {
  workspaces: WelcomeWorkspace[]
  /** Model settings of the instance; the key itself travels only inside this message over the link. */
  model: { provider: string; model: string; label: string; base_url: string; api_key: string | null } | null
}

export interface WelcomeWorkspace {
  workspace_id: Id<'workspace'>
  instance_id: Id<'instance'>
  slug: string
  name: string
  type: 'local' | 'git' | 'mount' | 'sync'
  generation: number
  config: Record<string, unknown>
  root_path: string | null
}
