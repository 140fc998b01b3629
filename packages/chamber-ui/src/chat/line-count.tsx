/** Lines that came and went, as two figures. Nothing is shown for a zero. */
export function LineCount({ additions, deletions }: { additions: number; deletions: number }) {
  if (additions === 0 && deletions === 0) return null
  return (
    <span className="inline-flex shrink-0 gap-2 text-xs tabular-nums">
      {additions > 0 ? (
        <span className="text-add-ink">
          <span aria-hidden="true">+{additions}</span>
          <span className="sr-only">{additions} lines added</span>
        </span>
      ) : null}
      {deletions > 0 ? (
        <span className="text-del-ink">
          <span aria-hidden="true">−{deletions}</span>
          <span className="sr-only">{deletions} lines removed</span>
        </span>
      ) : null}
    </span>
  )
}
