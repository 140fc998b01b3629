import { useSyncExternalStore } from 'react'
import type { SessionStore, SessionView } from './session-store.ts'

/** The session as this component should show it; renders again on every change. */
export function useSession(store: SessionStore): SessionView {
  return useSyncExternalStore(store.subscribe, store.getView, store.getView)
}
