import type { Permission, ToolKind } from '@pilot/protocol/agent/model'
import { useEffect, useRef, useState } from 'react'
import { Button } from '../primitives/button.tsx'
import { Textarea } from '../primitives/field.tsx'
import { DecisionFrame } from './decision-frame.tsx'
import { PrimaryKbd } from './primary-kbd.tsx'

/** The enter key answers only this long after the card came or another key was pressed, in ms: who types goes on typing. */
const ARM_MS = 1_000

const QUESTION: Record<ToolKind, (place: string) => string> = {
  execute: (place) => `Run this command in ${place}?`,
  edit: (place) => `Change this in ${place}?`,
  delete: (place) => `Delete this in ${place}?`,
  move: (place) => `Move this in ${place}?`,
  read: () => 'Read this?',
  search: () => 'Search this?',
  fetch: () => 'Fetch this from the network?',
  think: () => 'Go on with this?',
  other: (place) => `Do this in ${place}?`,
}

export type PermissionReply = 'once' | 'always' | 'reject'

interface PermissionCardProps {
  permission: Permission
  /** Where it would happen: "the worktree" or "the workspace". */
  place: string
  /** Place among several open requests. */
  position: string | null
  /** An answer of this browser is on its way, or waits for the machine. */
  answer: 'none' | 'sending' | 'waiting'
  onReply: (reply: PermissionReply, message?: string) => void
}

/** Asks for permission with exactly what will run. */
export function PermissionCard({ permission, place, position, answer, onReply }: PermissionCardProps) {
  const [rejecting, setRejecting] = useState(false)
  const [message, setMessage] = useState('')
  const busy = answer !== 'none'
  useEnterAllows(!rejecting && !busy, () => onReply('once'))
  const [pattern] = permission.always
  return (
    <DecisionFrame label="Permission" askedAt={permission.asked_at} place={position}>
      <div className="font-medium">{QUESTION[permission.kind](place)}</div>
      {permission.title !== '' && permission.kind !== 'execute' && permission.title !== permission.detail ? (
        <div className="text-sm text-text-2">{permission.title}</div>
      ) : null}
      <pre
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls has to be reachable by keys
        tabIndex={0}
        className="max-h-60 overflow-auto whitespace-pre-wrap rounded-sm border border-line bg-surface px-3 py-2.5 text-[13px] leading-[1.45]"
      >
        {permission.detail || permission.title}
      </pre>
      {rejecting ? (
        <form
          className="grid gap-2.5"
          onSubmit={(event) => {
            event.preventDefault()
            onReply('reject', message.trim() === '' ? undefined : message.trim())
          }}
        >
          <Textarea
            autoFocus
            aria-label="What the agent should do instead (optional)"
            placeholder="Say what it should do instead (optional)"
            maxLength={4_000}
            value={message}
            onChange={(event) => setMessage(event.target.value)}
            onKeyDown={(event) => {
              if (event.key === 'Escape') setRejecting(false)
            }}
          />
          <div className="flex flex-wrap gap-2 max-md:grid max-md:grid-cols-2">
            <Button type="submit" variant="destroy" busy={busy} className="max-md:h-11">
              Reject
            </Button>
            <Button className="max-md:h-11" disabled={busy} onClick={() => setRejecting(false)}>
              Back
            </Button>
          </div>
        </form>
      ) : (
        <div className="flex flex-wrap items-center gap-1.5 max-md:grid max-md:grid-cols-2 max-md:gap-2 max-md:[&>button]:h-11 max-md:[&>button]:text-[15px]">
          <Button
            variant="primary"
            busy={answer === 'sending'}
            disabled={busy}
            className="max-md:col-span-2"
            onClick={() => onReply('once')}
          >
            Allow once <PrimaryKbd>↵</PrimaryKbd>
          </Button>
          {pattern === undefined ? null : (
            <Button
              disabled={busy}
              className="min-w-0 max-w-full shrink! overflow-hidden"
              title={`Not asked again for: ${permission.always.join(', ')}, until the agent restarts`}
              onClick={() => onReply('always')}
            >
              Always allow <code className="truncate text-xs max-md:hidden">{pattern}</code>
              {permission.always.length > 1 ? (
                <span className="max-md:hidden">+{permission.always.length - 1}</span>
              ) : null}
            </Button>
          )}
          <Button
            variant="danger"
            disabled={busy}
            className={`md:ml-auto ${pattern === undefined ? 'max-md:col-span-2' : ''}`}
            onClick={() => setRejecting(true)}
          >
            Reject…
          </Button>
        </div>
      )}
      {answer === 'waiting' ? (
        <p role="status" className="text-text-2 text-xs">
          Your answer is kept here and goes out as soon as the machine is reachable.
        </p>
      ) : null}
      {pattern === undefined ? null : (
        <p className="text-text-3 text-xs md:hidden">
          Always allow covers <code>{permission.always.join(', ')}</code> until the agent restarts.
        </p>
      )}
    </DecisionFrame>
  )
}

/** Enter allows once, but never as the tail of something that was being typed. */
function useEnterAllows(enabled: boolean, allow: () => void): void {
  const latest = useRef(allow)
  latest.current = allow
  useEffect(() => {
    if (!enabled) return
    let quietSince = performance.now()
    const onKey = (event: KeyboardEvent) => {
      const since = performance.now() - quietSince
      quietSince = performance.now()
      const target = event.target instanceof Element ? event.target : null
      if (event.key !== 'Enter' || event.repeat || event.isComposing || event.defaultPrevented || since < ARM_MS) return
      if (event.metaKey || event.ctrlKey || event.altKey || event.shiftKey) return
      if (target?.closest('a, button, input, textarea, select, [contenteditable], [role=dialog], [role=menu]')) return
      event.preventDefault()
      latest.current()
    }
    document.addEventListener('keydown', onKey)
    return () => document.removeEventListener('keydown', onKey)
  }, [enabled])
}

const OUTCOMES: Record<NonNullable<Permission['resolution']>['outcome'], string> = {
  once: 'Allowed once',
  always: 'Allowed from now on',
  rejected: 'Rejected',
  lost: 'Not answered: the agent stopped waiting',
}

/** Says who answered and how, for as long as the reader needs to notice. */
export function answeredText(permission: Permission, nameOf: (userId: string) => string): string | null {
  const { resolution } = permission
  if (resolution === null) return null
  const by = resolution.by === null || resolution.outcome === 'lost' ? '' : ` by ${nameOf(resolution.by)}`
  return `${OUTCOMES[resolution.outcome]}${by}: ${permission.detail || permission.title}`
}
