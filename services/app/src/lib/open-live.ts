import {
  type OrganizationLink,
  openOrganizationLink,
  organizationSocket,
} from '@pilot/frontend/gateway/organization-link'
import { systemClock } from '@pilot/protocol/link/clock'

interface LiveHandlers {
  onChanged: (message: { all?: boolean | undefined; keys?: readonly (readonly string[])[] | undefined }) => void
  onNotice: (level: 'info' | 'warning' | 'error', text: string) => void
}

/** Opens link O of an organization in this browser. */
export function openLive(baseUrl: string, organizationId: string, on: LiveHandlers): OrganizationLink {
  return openOrganizationLink({
    connect: organizationSocket(baseUrl, organizationId),
    clock: systemClock,
    random: Math.random,
    onResume: () => on.onChanged({ all: true }),
    onMessage: (message) => {
      if (message.type === 'invalidate') on.onChanged(message)
      else if (message.type === 'notify') on.onNotice(message.level, message.message)
      // A session's summary changes the counts that workspaces show.
      else if (message.type === 'agent.summary') on.onChanged({ keys: [['workspace']] })
    },
  })
}
