import { useSyncExternalStore } from 'react'
import type { Outbox } from './outbox.ts'
import type { OutboxRecord } from './outbox-record.ts'

/** Everything of this user and workspace that the machine has not confirmed; renders again on every change. */
export function useOutbox(outbox: Outbox): readonly OutboxRecord[] {
  return useSyncExternalStore(outbox.subscribe, outbox.records, outbox.records)
}
