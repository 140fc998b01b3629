import {
  type OrganizationLink,
  openOrganizationLink,
  organizationSocket,
} from '@pilot/frontend/gateway/organization-link'
import { pageState } from '@pilot/frontend/link/page-state'
import { systemClock } from '@pilot/protocol/link/clock'

/** Summaries of busy sessions come many times a second; the counts that they change are read again this often, in ms. */
const COUNTS_EVERY_MS = 1_000

interface LiveHandlers {
  onChanged: (message: { all?: boolean | undefined; keys?: readonly (readonly string[])[] | undefined }) => void
  onNotice: (level: 'info' | 'warning' | 'error', text: string) => void
}

/** Opens link O of an organization in this browser. */
export function openLive(baseUrl: string, organizationId: string, on: LiveHandlers): OrganizationLink {
  let cancelCounts: (() => void) | null = null
  const countsChanged = () => {
    cancelCounts ??= systemClock.after(COUNTS_EVERY_MS, () => {
      cancelCounts = null
      on.onChanged({ keys: [['workspace']] })
    })
  }
  const link = openOrganizationLink({
    connect: organizationSocket(baseUrl, organizationId),
    clock: systemClock,
    random: Math.random,
    page: pageState(document, window),
    onResume: () => on.onChanged({ all: true }),
    onMessage: (message) => {
      if (message.type === 'invalidate') on.onChanged(message)
      else if (message.type === 'notify') on.onNotice(message.level, message.message)
      else if (message.type === 'agent.summary') countsChanged()
    },
  })
  return {
    ...link,
    close: () => {
      cancelCounts?.()
      link.close()
    },
  }
}
