import type { Capabilities, RuntimeHealth } from '@pilot/protocol/agent/rest'

export interface AdapterIdentity {
  runtimeId: string
  runtimeLabel: string
  platform: 'runtime'
  version: string
}

/**
 * The one boundary through which a runtime's routes reach what does the work. Routes hold no engine, process or port of
 * their own, so that tests and development run the same routes over a mock.
 */
export interface RuntimeAdapter {
  readonly identity: AdapterIdentity
  capabilities(): Capabilities
  health(): RuntimeHealth
  /**
   * Sends a request to OpenCode and gives its answer, streaming. `targetPath` (path and query) is made by the caller and
   * replaces the request's own; of the request only method, body and a few plain headers are used. The answer carries
   * no header but its content type and its paging cursor. Throws AGENT_UNAVAILABLE or AGENT_NOT_INSTALLED when OpenCode
   * does not run, RUNTIME_ERROR for an answer that no API of it gives (a page, a redirect).
   */
  proxy(request: Request, targetPath: string): Promise<Response>
}

/** What this version of the runtime can do; a route of a capability that is false answers CAPABILITY_UNSUPPORTED. */
export function capabilitiesOf(identity: AdapterIdentity, opencode: boolean, terminal: boolean): Capabilities {
  return {
    capabilities: {
      sessions: true,
      opencode,
      fs: false,
      git: false,
      terminal,
      github: false,
      push: false,
      mgmt: false,
    },
    runtime: {
      id: identity.runtimeId,
      label: identity.runtimeLabel,
      platform: identity.platform,
      version: identity.version,
    },
  }
}
