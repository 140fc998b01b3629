import { useState } from 'react'

interface RenameFieldProps {
  label: string
  value: string
  maxLength: number
  className: string
  /** What it is called now; null: nothing is to change. Called once. */
  onDone: (value: string | null) => void
}

/** A name that is being edited where it stands: Enter and leaving it keep what was written, Escape does not. */
export function RenameField({ label, value, maxLength, className, onDone }: RenameFieldProps) {
  const [text, setText] = useState(value)
  const done = () => onDone(text.trim() === value ? null : text.trim())
  return (
    <form
      className="flex min-w-0 flex-1 items-center"
      onSubmit={(event) => {
        event.preventDefault()
        done()
      }}
    >
      <input
        // biome-ignore lint/a11y/noAutofocus: it replaces the name that was just asked to be edited
        autoFocus
        aria-label={label}
        maxLength={maxLength}
        value={text}
        onFocus={(event) => event.target.select()}
        onChange={(event) => setText(event.target.value)}
        onBlur={done}
        onKeyDown={(event) => {
          if (event.key === 'Escape') onDone(null)
        }}
        className={className}
      />
    </form>
  )
}
