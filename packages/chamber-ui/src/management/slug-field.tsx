import { checkSlug } from '@pilot/domain/slugs'
import { Field, Input } from '../primitives/field.tsx'
import { State } from '../primitives/state.tsx'

/** What the server said about one slug. */
export interface SlugAnswer {
  slug: string
  available: boolean
  message: string | null
}

export type SlugVerdict = { kind: 'empty' | 'checking' | 'free' } | { kind: 'bad'; message: string }

/**
 * What is known about a typed address: our own rules at once, then the server's answer. An answer about another text
 * than the present one counts for nothing.
 */
export function slugVerdict(value: string, answer: SlugAnswer | null, own: string | null = null): SlugVerdict {
  if (value === '') return { kind: 'empty' }
  if (value === own) return { kind: 'free' }
  const problem = checkSlug(value)
  if (problem) return { kind: 'bad', message: problem.message }
  if (answer?.slug !== value) return { kind: 'checking' }
  if (answer.available) return { kind: 'free' }
  return { kind: 'bad', message: answer.message ?? 'This address is already taken. Choose another one.' }
}

interface SlugFieldProps {
  value: string
  onValueChange: (value: string) => void
  answer: SlugAnswer | null
  /** The present address of the thing, which is always fine. */
  own?: string
  /** Shown before the slug: host and base path. */
  prefix: string
  /** Refusal of the server after sending; wins over everything else until the text changes. */
  error?: string | null
}

/** The address of a workspace; says while one types whether it is free. */
export function SlugField({ value, onValueChange, answer, own, prefix, error }: SlugFieldProps) {
  const verdict = slugVerdict(value, answer, own ?? null)
  return (
    <Field
      label="Address"
      error={error ?? (verdict.kind === 'bad' ? verdict.message : null)}
      hint={
        <span className="break-all">
          {prefix}
          <span className="text-text-2">{value || 'address'}</span>
        </span>
      }
      aside={
        verdict.kind === 'free' && !error ? (
          <State kind="good">{value === own ? 'Current' : 'Free'}</State>
        ) : verdict.kind === 'checking' ? (
          <State kind="working">Checking</State>
        ) : null
      }
    >
      {(control) => (
        <Input
          {...control}
          value={value}
          maxLength={80}
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          className="font-mono"
          onChange={(event) => onValueChange(event.target.value.trim().toLowerCase())}
        />
      )}
    </Field>
  )
}
