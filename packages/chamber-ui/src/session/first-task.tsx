import { ChevronRight, FileText, type LucideIcon, Pencil, Search } from 'lucide-react'
import type { ReactNode } from 'react'
import { PrimaryKbd } from '../chat/primary-kbd.tsx'
import { Chip } from '../primitives/badge.tsx'
import { Button } from '../primitives/button.tsx'
import { State } from '../primitives/state.tsx'
import { commandKey } from '../shell/sidebar.tsx'

const SUGGESTIONS: readonly { icon: LucideIcon; text: string }[] = [
  { icon: Search, text: 'Explain how this repository is built and tested' },
  { icon: Pencil, text: 'Find a small bug, fix it and add a test' },
  { icon: FileText, text: 'Bring the README up to date' },
]

interface FirstTaskProps {
  workspaceName: string
  value: string
  onChange: (value: string) => void
  onStart: (text: string) => void
  maxLength: number
  /** The model that will answer; null while it is not known. */
  model: { label: string; demo: boolean } | null
  /** Branch that a new worktree starts from; null when the workspace is not a repository. */
  baseBranch: string | null
  repository: boolean
  /** Where a model is connected; null when the user may not. */
  connectModel: ReactNode
  /** What stands in the way, such as an offline machine: said above the box, which still takes the task. */
  notice: ReactNode
  /** Back, on a phone. */
  back: ReactNode
  /** Other things of the workspace, right in the header. */
  tools?: ReactNode
  /** Machine and its state, right in the header. */
  machine: ReactNode
}

/** The first screen of a workspace, and each new task: one question, one box. */
export function FirstTask(props: FirstTaskProps) {
  const { workspaceName, value, onChange, onStart, maxLength, model, baseBranch, repository } = props
  const { connectModel, notice, back, machine, tools } = props
  const tooLong = value.length > maxLength
  const ready = value.trim() !== '' && !tooLong
  const start = () => {
    if (ready) onStart(value)
  }
  const branchText = repository ? (baseBranch ? `new branch from ${baseBranch}` : 'new branch') : 'workspace directory'
  return (
    <div className="flex h-full min-h-0 flex-col bg-surface">
      <header className="flex min-h-14 shrink-0 items-center gap-2 border-line border-b pr-3 max-md:pl-0.5 md:px-5">
        <span className="lg:hidden">{back}</span>
        <h1 className="min-w-0 flex-1 truncate font-semibold tracking-tight md:text-lg">
          <span className="max-md:hidden">{workspaceName}</span>
          <span className="md:hidden">New task</span>
        </h1>
        <span className="max-md:hidden">{machine}</span>
        {tools}
        <Button variant="primary" disabled={!ready} onClick={start} className="h-10 px-4 md:hidden">
          Start
        </Button>
      </header>
      <div className="grid min-h-0 flex-1 overflow-y-auto p-4 md:place-items-center md:p-6">
        <div className="flex w-full max-w-[680px] flex-col gap-4.5 max-md:min-h-full">
          <h2 className="font-semibold text-xl tracking-tight max-md:hidden md:text-2xl">
            What should be done in {workspaceName}?
          </h2>
          {notice}
          <div className="grid gap-2.5 max-md:flex-1 max-md:grid-rows-[minmax(0,1fr)] md:min-h-32 md:rounded-lg md:border md:border-line-strong md:px-3.5 md:pt-3 md:pb-2.5 md:shadow-float md:focus-within:border-accent md:focus-within:outline-2 md:focus-within:outline-accent md:focus-within:-outline-offset-1">
            <textarea
              // biome-ignore lint/a11y/noAutofocus: the box is what this screen is for
              autoFocus
              aria-label={`What should be done in ${workspaceName}?`}
              placeholder={
                repository
                  ? 'Describe a change, a bug or a question. It works on its own branch; your checkout stays as it is.'
                  : 'Describe a change, a bug or a question. It works in this directory.'
              }
              value={value}
              onChange={(event) => onChange(event.target.value)}
              onKeyDown={(event) => {
                if (event.key !== 'Enter' || !(event.metaKey || event.ctrlKey) || event.nativeEvent.isComposing) return
                event.preventDefault()
                start()
              }}
              className="field-sizing-content max-h-[44dvh] min-h-14 w-full resize-none bg-transparent leading-normal outline-none max-md:max-h-none max-md:min-h-32"
            />
            <div className="flex min-h-8.5 items-center gap-2 max-md:hidden">
              <span className="flex min-w-0 flex-1 items-center gap-2 overflow-hidden">
                {model ? <Chip>{model.label}</Chip> : null}
                <Chip className="font-mono">{branchText}</Chip>
              </span>
              {tooLong ? <TooLong by={value.length - maxLength} /> : null}
              <Button variant="primary" disabled={!ready} onClick={start}>
                Start <PrimaryKbd>{commandKey()}↵</PrimaryKbd>
              </Button>
            </div>
          </div>
          {tooLong ? (
            <span className="md:hidden">
              <TooLong by={value.length - maxLength} />
            </span>
          ) : null}
          <dl className="-mx-4 shrink-0 border-line border-t text-[15px] md:hidden">
            <Fact name="Workspace">
              {workspaceName} {machine}
            </Fact>
            <Fact name="Branch">{branchText}</Fact>
            {model ? <Fact name="Model">{model.label}</Fact> : null}
          </dl>
          {model?.demo ? (
            <div className="flex items-center gap-3 rounded-md border border-line px-3.5 py-3 max-md:flex-wrap">
              <State kind="unknown">Demo model</State>
              <p className="min-w-0 flex-1 text-sm text-text-2 max-md:basis-full">
                It plays a script with real tools, so that you can try everything without a key. It does not think.
              </p>
              {connectModel}
            </div>
          ) : null}
          {value === '' ? (
            <ul className="max-md:-mx-4 max-md:px-4">
              {SUGGESTIONS.map(({ icon: Icon, text }) => (
                <li key={text} className="border-line border-t last:border-b">
                  <button
                    type="button"
                    onClick={() => onChange(text)}
                    className="flex min-h-11 w-full items-center gap-2.5 px-0.5 py-1.5 text-left hover:bg-sunken"
                  >
                    <Icon aria-hidden="true" className="size-4.5 shrink-0 text-text-3" strokeWidth={1.6} />
                    <span className="min-w-0 flex-1">{text}</span>
                    <ChevronRight aria-hidden="true" className="size-4.5 shrink-0 text-text-3" />
                  </button>
                </li>
              ))}
            </ul>
          ) : (
            <div className="h-[135px] max-md:hidden" />
          )}
        </div>
      </div>
    </div>
  )
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="flex min-h-12 items-center gap-3 border-line border-b px-4">
      <dt className="text-text-2">{name}</dt>
      <dd className="ml-auto flex min-w-0 items-center gap-2 truncate">{children}</dd>
    </div>
  )
}

function TooLong({ by }: { by: number }) {
  return (
    <span role="alert" className="text-bad text-xs tabular-nums">
      {by} characters too long
    </span>
  )
}
