import { ErrorState } from '@pilot/chamber-ui/primitives/notice.tsx'
import type { PilotClientError } from '@pilot/frontend/errors'

interface LoadErrorProps {
  error: PilotClientError
  /** "The machines could not be loaded." */
  title: string
  retry: () => Promise<unknown>
  busy: boolean
}

/** A read that failed, in the place of what it would have shown. */
export function LoadError({ error, title, retry, busy }: LoadErrorProps) {
  return <ErrorState error={error} title={title} kept="Nothing was changed." onRetry={() => void retry()} busy={busy} />
}

/** True for answers that mean that the address leads nowhere for this user. */
export function isNotFound(error: PilotClientError | null): boolean {
  return error !== null && (error.code === 'NOT_FOUND' || error.code.endsWith('_NOT_FOUND'))
}
