import { type ReactNode, useState } from 'react'
import { Button } from '../primitives/button.tsx'
import { Field, Input } from '../primitives/field.tsx'
import type { ErrorFacts } from '../primitives/notice.tsx'
import { FormError } from './form-error.tsx'

interface NameFormProps {
  label: string
  /** Name at the start; saving is possible once it differs. */
  initial?: string
  placeholder?: string
  hint?: ReactNode
  submit: string
  busy: boolean
  error: ErrorFacts | null
  onSubmit: (name: string) => void
  onCancel?: () => void
  /** Larger button over the whole width, for pages that hold nothing else. */
  big?: boolean
}

/** A form of one name. */
export function NameForm(props: NameFormProps) {
  const [name, setName] = useState(props.initial ?? '')
  const [tried, setTried] = useState(false)
  const trimmed = name.trim()
  const unchanged = props.initial !== undefined && trimmed === props.initial
  const invalid = props.error?.code === 'VALIDATION_FAILED' ? props.error.message : null
  return (
    <form
      className="grid gap-3"
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        setTried(true)
        if (trimmed !== '' && !unchanged && !props.busy) props.onSubmit(trimmed)
      }}
    >
      <Field
        label={props.label}
        error={invalid ?? (tried && trimmed === '' ? 'Enter a name.' : null)}
        hint={props.hint}
      >
        {(control) => (
          <Input
            {...control}
            value={name}
            maxLength={80}
            autoComplete="off"
            placeholder={props.placeholder}
            onChange={(event) => setName(event.target.value)}
          />
        )}
      </Field>
      <FormError error={invalid ? null : props.error} />
      <div className="flex flex-wrap justify-end gap-2">
        {props.onCancel ? <Button onClick={props.onCancel}>Cancel</Button> : null}
        <Button
          type="submit"
          variant="primary"
          size={props.big ? 'lg' : 'md'}
          className={props.big ? 'w-full' : ''}
          busy={props.busy}
          disabled={unchanged}
        >
          {props.submit}
        </Button>
      </div>
    </form>
  )
}
