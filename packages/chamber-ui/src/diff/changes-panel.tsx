import type { FileChange } from '@pilot/protocol/agent/model'
import type { SessionDiff } from '@pilot/protocol/agent/rest'
import { ChevronDown, ChevronRight, SquareTerminal } from 'lucide-react'
import { useState } from 'react'
import { LineCount } from '../chat/line-count.tsx'
import { Chip } from '../primitives/badge.tsx'
import { Button, IconButton } from '../primitives/button.tsx'
import { cn } from '../primitives/cn.ts'
import { EmptyState, type ErrorFacts, ErrorState } from '../primitives/notice.tsx'
import { Skeleton } from '../primitives/skeleton.tsx'
import { PatchView } from './patch-view.tsx'

const KIND_WORDS: Record<FileChange['kind'], string | null> = {
  added: 'new',
  modified: null,
  deleted: 'deleted',
  renamed: 'renamed',
}

interface ChangesPanelProps {
  /** What the session changed, as its events say; the list is always current. */
  changes: readonly FileChange[]
  truncated: boolean
  /** The hunks, when they were fetched. */
  diff: SessionDiff | null
  error: ErrorFacts | null
  loading: boolean
  onRetry: () => void
  /** Fetches one file whole: rejects with an error whose message may be shown. */
  loadFile: (path: string) => Promise<string | null>
  /** Opens a terminal in a directory of the session, '' for its own. */
  onOpenTerminal: (directory: string) => void
  /** True while the machine cannot be asked. */
  stale: boolean
}

/** What the session changed against its base, file by file. */
export function ChangesPanel(props: ChangesPanelProps) {
  const { changes, truncated, diff, error, loading, onRetry, loadFile, onOpenTerminal, stale } = props
  const [toggled, setToggled] = useState<ReadonlyMap<string, boolean>>(new Map())
  const additions = changes.reduce((sum, file) => sum + file.additions, 0)
  const deletions = changes.reduce((sum, file) => sum + file.deletions, 0)
  if (changes.length === 0) {
    return (
      <EmptyState title="No changes yet">
        What the agent changes shows up here, against the commit it started from. Your own checkout stays as it is.
      </EmptyState>
    )
  }
  return (
    <div className={cn('pb-6', stale && 'opacity-60')}>
      <div className="flex items-center gap-2 px-4 py-2.5 text-sm text-text-2">
        <span className="min-w-0 flex-1 truncate">
          This session
          {diff ? (
            <>
              , against <code>{shortRef(diff.base)}</code>
            </>
          ) : null}
        </span>
        <LineCount additions={additions} deletions={deletions} />
      </div>
      {error ? (
        <ErrorState
          className="mx-4 mb-3"
          error={error}
          title="The diff could not be loaded."
          onRetry={onRetry}
          busy={loading}
        />
      ) : null}
      <ul className="border-line border-b">
        {changes.map((file, index) => (
          <File
            key={file.path}
            file={file}
            patch={diff?.files.find((other) => other.path === file.path)?.patch}
            failed={error !== null}
            open={toggled.get(file.path) ?? index === 0}
            onToggle={(open) => setToggled(new Map(toggled).set(file.path, open))}
            loadFile={loadFile}
            onOpenTerminal={stale ? null : onOpenTerminal}
          />
        ))}
      </ul>
      {truncated ? (
        <p className="px-4 pt-3 text-text-3 text-xs">There are more files than are listed here. git shows them all.</p>
      ) : null}
    </div>
  )
}

interface FileProps {
  file: FileChange
  /** Undefined while it was not fetched, null when it is too large or binary. */
  patch: string | null | undefined
  failed: boolean
  open: boolean
  onToggle: (open: boolean) => void
  loadFile: ChangesPanelProps['loadFile']
  onOpenTerminal: ChangesPanelProps['onOpenTerminal'] | null
}

function File({ file, patch, failed, open, onToggle, loadFile, onOpenTerminal }: FileProps) {
  const word = KIND_WORDS[file.kind]
  const Chevron = open ? ChevronDown : ChevronRight
  return (
    <li className="border-line border-t">
      <div className="flex items-center pr-1.5">
        <button
          type="button"
          aria-expanded={open}
          onClick={() => onToggle(!open)}
          className="flex min-h-9.5 min-w-0 flex-1 items-center gap-2 py-1.5 pr-2 pl-4 text-left text-sm hover:bg-sunken focus-visible:-outline-offset-2 touch:min-h-11"
        >
          <Chevron aria-hidden="true" className="size-4.5 shrink-0 text-text-3" strokeWidth={1.6} />
          <span
            className="min-w-0 flex-1 truncate font-mono text-xs"
            title={file.old_path ? `${file.old_path} → ${file.path}` : file.path}
          >
            {file.path}
          </span>
          {word ? <Chip>{word}</Chip> : null}
          <LineCount additions={file.additions} deletions={file.deletions} />
        </button>
        <IconButton
          label={`Open a terminal at ${file.path}`}
          disabled={onOpenTerminal === null || file.kind === 'deleted'}
          onClick={() => onOpenTerminal?.(directoryOf(file.path))}
        >
          <SquareTerminal aria-hidden="true" />
        </IconButton>
      </div>
      {open ? <Content file={file} patch={patch} failed={failed} loadFile={loadFile} /> : null}
    </li>
  )
}

function Content({ file, patch, failed, loadFile }: Pick<FileProps, 'file' | 'patch' | 'failed' | 'loadFile'>) {
  const [whole, setWhole] = useState<string | null>(null)
  const [state, setState] = useState<'idle' | 'loading' | { error: string }>('idle')
  const shown = patch ?? whole
  if (file.binary) return <Line>A binary file: there is nothing to read here.</Line>
  if (shown !== null && shown !== undefined) return <PatchView patch={shown} label={file.path} />
  if (patch === undefined) {
    if (failed) return null
    return (
      <div role="status" className="grid gap-2 px-4 py-3">
        <span className="sr-only">Loading the diff</span>
        {[70, 45, 60, 30].map((width) => (
          <Skeleton key={width} className={width > 50 ? 'h-3 w-3/4' : 'h-3 w-1/2'} />
        ))}
      </div>
    )
  }
  const load = () => {
    setState('loading')
    loadFile(file.path).then(
      (text) => {
        setWhole(text)
        setState(text === null ? { error: 'This diff is too large to be shown.' } : 'idle')
      },
      (cause: unknown) => setState({ error: cause instanceof Error ? cause.message : 'It could not be fetched.' }),
    )
  }
  return (
    <Line>
      <span>{typeof state === 'object' ? state.error : 'A large diff.'}</span>
      <Button size="sm" onClick={load} busy={state === 'loading'}>
        {typeof state === 'object' ? 'Try again' : 'Show it'}
      </Button>
    </Line>
  )
}

function Line({ children }: { children: React.ReactNode }) {
  return <div className="flex items-center gap-3 px-4 pb-3 text-sm text-text-2">{children}</div>
}

/** '' for a file at the top. */
const directoryOf = (path: string) => path.slice(0, Math.max(0, path.lastIndexOf('/')))

/** A commit's first eight characters; a branch as it is. */
function shortRef(ref: string): string {
  return /^[0-9a-f]{40}$/.test(ref) ? ref.slice(0, 8) : ref
}
