import { toast } from '@pilot/chamber-ui/primitives/toaster.tsx'
import type { LiveState, OrganizationLink } from '@pilot/frontend/gateway/organization-link'
import { applyInvalidation } from '@pilot/frontend/gateway/queries'
import { useEffect, useState, useSyncExternalStore } from 'react'
import { http, queryClient } from './gateway.ts'

const CONNECTING: LiveState = { state: 'connecting', latency_ms: null, since: null }
const nothing = () => () => undefined

/** Keeps the link of an organization open while its pages are shown. The code comes after the first paint. */
export function useOrganizationLink(organizationId: string | undefined): LiveState {
  const [link, setLink] = useState<OrganizationLink | null>(null)
  useEffect(() => {
    if (organizationId === undefined) return
    let stopped = false
    let opened: OrganizationLink | null = null
    void import('./open-live.ts').then(({ openLive }) => {
      if (stopped) return
      opened = openLive(http.baseUrl, organizationId, {
        onChanged: (message) => void applyInvalidation(queryClient, message),
        onNotice: (level, text) => (level === 'error' ? toast.error(text) : toast(text)),
      })
      setLink(opened)
    })
    return () => {
      stopped = true
      opened?.close()
      setLink(null)
    }
  }, [organizationId])
  return useSyncExternalStore(
    link?.subscribe ?? nothing,
    () => link?.getState() ?? CONNECTING,
    () => CONNECTING,
  )
}
