import { useState } from 'react'
import { Chip } from '../primitives/badge.tsx'
import { Button } from '../primitives/button.tsx'
import { Field, Textarea } from '../primitives/field.tsx'
import type { ErrorFacts } from '../primitives/notice.tsx'
import { Select } from '../primitives/select.tsx'
import { FormError } from './form-error.tsx'

export interface ProcedureFacts {
  path: string
  type: 'query' | 'mutation'
  policy: string
  input?: unknown
}

interface ProcedureRunnerProps {
  procedures: readonly ProcedureFacts[]
  busy: boolean
  result: unknown
  error: ErrorFacts | null
  onCall: (path: string, input: unknown) => void
}

/** Calls any procedure with a JSON input; for platform admins. */
export function ProcedureRunner({ procedures, busy, result, error, onCall }: ProcedureRunnerProps) {
  const [path, setPath] = useState(procedures[0]?.path ?? '')
  const [text, setText] = useState('{}')
  const [problem, setProblem] = useState<string | null>(null)
  const procedure = procedures.find((candidate) => candidate.path === path)
  return (
    <form
      className="grid max-w-2xl gap-3"
      onSubmit={(event) => {
        event.preventDefault()
        try {
          const input: unknown = text.trim() === '' ? undefined : JSON.parse(text)
          setProblem(null)
          onCall(path, input)
        } catch {
          setProblem('This is not valid JSON.')
        }
      }}
    >
      <Field
        label="Procedure"
        hint={
          procedure ? (
            <span className="flex gap-1.5">
              <Chip>{procedure.type}</Chip> <Chip>{procedure.policy}</Chip>
            </span>
          ) : null
        }
      >
        {(control) => (
          <Select
            {...control}
            value={path}
            onValueChange={setPath}
            options={procedures.map((candidate) => ({ value: candidate.path, label: candidate.path }))}
          />
        )}
      </Field>
      <Field label="Input" error={problem} hint="JSON">
        {(control) => (
          <Textarea
            {...control}
            value={text}
            spellCheck={false}
            className="font-mono"
            onChange={(event) => setText(event.target.value)}
          />
        )}
      </Field>
      <FormError error={error} />
      <div>
        <Button type="submit" variant="primary" busy={busy}>
          Call
        </Button>
      </div>
      {result === undefined ? null : (
        <pre className="whitespace-pre-wrap break-all rounded-sm bg-sunken p-3 text-xs">
          {JSON.stringify(result, null, 2)}
        </pre>
      )}
    </form>
  )
}
