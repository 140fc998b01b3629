import { memo, useMemo, useState } from 'react'
import { Button } from '../primitives/button.tsx'
import { type PatchLine, parsePatch } from './parse-patch.ts'

/** Lines of one file that are shown at first; a generated file must not slow the panel down. */
const FIRST_LINES = 400
const MORE_LINES = 2_000

const LINE_CLASS: Record<PatchLine['type'], string> = {
  hunk: 'bg-sunken text-text-3',
  same: '',
  add: 'bg-add',
  del: 'bg-del',
  note: 'text-text-3',
}
const SIGN: Record<PatchLine['type'], string> = { hunk: '', same: ' ', add: '+', del: '-', note: '' }

/** The unified diff of one file, with the line numbers of both sides. Scrolls sideways by itself. */
export const PatchView = memo(function PatchView({ patch, label }: { patch: string; label: string }) {
  const lines = useMemo(() => parsePatch(patch), [patch])
  const [limit, setLimit] = useState(FIRST_LINES)
  const left = lines.length - limit
  return (
    <div>
      <section
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls sideways has to be reachable by keys
        tabIndex={0}
        aria-label={`Diff of ${label}`}
        className="overflow-x-auto font-mono text-xs leading-[1.6] [font-variant-ligatures:none] focus-visible:-outline-offset-2"
      >
        <div className="w-max min-w-full">
          {lines.slice(0, limit).map((line, index) => (
            <Line key={`${index}:${line.type}`} line={line} />
          ))}
        </div>
      </section>
      {left > 0 ? (
        <div className="flex justify-center py-2">
          <Button size="sm" onClick={() => setLimit(limit + MORE_LINES)}>
            Show {Math.min(left, MORE_LINES)} more lines
          </Button>
        </div>
      ) : null}
    </div>
  )
})

function Line({ line }: { line: PatchLine }) {
  if (line.type === 'hunk' || line.type === 'note') {
    return <div className={`whitespace-pre px-3 py-0.5 ${LINE_CLASS[line.type]}`}>{line.text}</div>
  }
  return (
    <div className={`grid grid-cols-[36px_36px_1fr] whitespace-pre ${LINE_CLASS[line.type]}`}>
      <span className="select-none pr-2 text-right text-text-3">{'old' in line ? line.old : ''}</span>
      <span className="select-none pr-2 text-right text-text-3">{'new' in line ? line.new : ''}</span>
      <span className="pr-3">
        {SIGN[line.type]} {line.text}
      </span>
    </div>
  )
}
