import { type ErrorFacts, RequestId } from '../primitives/notice.tsx'

/** What went wrong with a form that was sent, right above its buttons. */
export function FormError({ error }: { error: ErrorFacts | null | undefined }) {
  if (!error) return null
  return (
    <div role="alert" className="grid gap-1 rounded-sm bg-bad-soft px-3 py-2 text-sm">
      <span className="text-bad">{error.message}</span>
      {error.code === 'INTERNAL' && error.request_id ? <RequestId id={error.request_id} /> : null}
    </div>
  )
}
