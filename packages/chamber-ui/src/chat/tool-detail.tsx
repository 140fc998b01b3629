import type { ToolPart } from '@pilot/protocol/agent/model'
import { useMemo, useState } from 'react'
import { Button } from '../primitives/button.tsx'
import { CopyButton } from '../primitives/copy-button.tsx'
import type { LoadOutput } from './tool-line.tsx'
import { isRunning } from './tool-words.ts'

/** More output than this is cut on the screen as well, in characters: a browser is not a pager. */
const MAX_SHOWN_CHARS = 400_000

interface ToolDetailProps {
  part: ToolPart
  loadOutput: LoadOutput
}

/** Input and output of a tool call, as they were. */
export function ToolDetail({ part, loadOutput }: ToolDetailProps) {
  const [whole, setWhole] = useState<string | null>(null)
  const [state, setState] = useState<'idle' | 'loading' | { error: string }>('idle')
  const input = useMemo(() => inputText(part), [part])
  const output = whole ?? part.output
  const missing = whole === null && part.output_bytes > new TextEncoder().encode(part.output).length
  const load = () => {
    setState('loading')
    loadOutput(part.id).then(
      (text) => {
        setWhole(text)
        setState('idle')
      },
      (cause: unknown) => setState({ error: cause instanceof Error ? cause.message : 'It could not be fetched.' }),
    )
  }
  return (
    <div className="mt-1 mb-2 ml-[23px] grid gap-2">
      {input === '' ? null : <Well label="Input" text={input} />}
      {part.error ? <Well label="Error" text={part.error} bad /> : null}
      {output === '' ? (
        <p className="text-text-3 text-xs">{isRunning(part) ? 'No output yet.' : 'No output.'}</p>
      ) : (
        <Well label="Output" text={output.slice(0, MAX_SHOWN_CHARS)} />
      )}
      {missing ? (
        <div className="flex flex-wrap items-center gap-2 text-text-3 text-xs">
          <span>This is the beginning of {bytes(part.output_bytes)}.</span>
          <Button size="sm" onClick={load} busy={state === 'loading'}>
            Show all of it
          </Button>
        </div>
      ) : null}
      {output.length > MAX_SHOWN_CHARS ? (
        <p className="text-text-3 text-xs">Cut here after {bytes(MAX_SHOWN_CHARS)}; copy takes everything.</p>
      ) : null}
      {typeof state === 'object' ? (
        <p role="alert" className="text-bad text-xs">
          {state.error}
        </p>
      ) : null}
    </div>
  )
}

function Well({ label, text, bad }: { label: string; text: string; bad?: boolean }) {
  return (
    <section className="overflow-hidden rounded-sm border border-line bg-sunken">
      <div className="flex h-7 items-center justify-between pl-3 text-text-3 text-xs touch:h-11">
        <span>{label}</span>
        <span className="[&_button]:size-7 touch:[&_button]:size-11">
          <CopyButton text={text} label={`Copy the ${label.toLowerCase()}`} />
        </span>
      </div>
      <pre
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls has to be reachable by keys
        tabIndex={0}
        className={`max-h-80 overflow-auto whitespace-pre-wrap px-3 pb-2.5 text-xs leading-[1.55] ${bad ? 'text-bad' : ''}`}
      >
        {text}
      </pre>
    </section>
  )
}

/** The input as a person reads it: a command as itself, anything else field by field. */
function inputText(part: ToolPart): string {
  const fields = Object.entries(part.input)
  const [only] = fields
  if (fields.length === 1 && only && typeof only[1] === 'string') return only[1]
  const { command } = part.input
  if (part.kind === 'execute' && typeof command === 'string') return command
  return fields
    .map(([name, value]) => `${name}: ${typeof value === 'string' ? value : JSON.stringify(value, null, 2)}`)
    .join('\n')
}

export function bytes(count: number): string {
  if (count < 1_024) return `${count} bytes`
  if (count < 1_048_576) return `${Math.round(count / 1_024)} KiB`
  return `${(count / 1_048_576).toFixed(1)} MiB`
}
