import { ErrorState } from '@pilot/chamber-ui/primitives/notice.tsx'
import { toClientError } from '@pilot/frontend/errors'
import type { ErrorComponentProps } from '@tanstack/react-router'

/** A page that failed while it was drawn; what was written to the server before is kept there. */
export function CrashScreen({ error, reset }: ErrorComponentProps) {
  const shown = toClientError(error)
  return (
    <div className="mx-auto w-full max-w-xl p-6">
      <ErrorState
        error={{ ...shown, message: 'Reload it; if that does not help, go back and try another way.' }}
        title="This page could not be shown."
        kept="Nothing that was sent is lost."
        onRetry={reset}
      />
    </div>
  )
}
