import { CaseSensitive, ChevronDown, ChevronUp, Regex, X } from 'lucide-react'
import { type KeyboardEvent, useState } from 'react'
import { IconButton } from '../primitives/button.tsx'
import { Input } from '../primitives/field.tsx'
import type { FindOptions, FindResult } from './emulator.ts'

interface FindBarProps {
  result: FindResult
  onFind: (text: string, direction: 'next' | 'previous', options: FindOptions, typing: boolean) => void
  onClose: () => void
}

/** Finds in a terminal's output, from the newest line upwards. */
export function FindBar({ result, onFind, onClose }: FindBarProps) {
  const [text, setText] = useState('')
  const [options, setOptions] = useState<FindOptions>({ caseSensitive: false, regex: false })
  const valid = !options.regex || isRegex(text)
  const find = (direction: 'next' | 'previous', of = text, how = options, typing = false) => {
    if (how.regex && !isRegex(of)) return
    onFind(of, direction, how, typing)
  }
  const toggle = (change: Partial<FindOptions>) => {
    const next = { ...options, ...change }
    setOptions(next)
    find('previous', text, next, true)
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Escape') onClose()
    else if (event.key === 'Enter') find(event.shiftKey ? 'next' : 'previous')
    else return
    event.preventDefault()
  }
  const count = text === '' ? '' : !valid ? 'Not a pattern' : countText(result)
  return (
    <search className="flex min-h-11 shrink-0 flex-wrap items-center gap-1 border-line border-b bg-surface px-2 py-1">
      <Input
        autoFocus
        aria-label="Find in the output"
        aria-invalid={valid ? undefined : true}
        placeholder="Find"
        value={text}
        spellCheck={false}
        autoCapitalize="none"
        onKeyDown={onKeyDown}
        onChange={(event) => {
          setText(event.target.value)
          find('previous', event.target.value, options, true)
        }}
        className="min-w-28 max-w-72 flex-1"
      />
      <span aria-live="polite" className="min-w-18 px-1 text-text-2 text-xs tabular-nums">
        {count}
      </span>
      <span className="ml-auto flex">
        <IconButton
          label="Match case"
          aria-pressed={options.caseSensitive}
          className={options.caseSensitive ? 'bg-sunken text-accent!' : ''}
          onClick={() => toggle({ caseSensitive: !options.caseSensitive })}
        >
          <CaseSensitive aria-hidden="true" />
        </IconButton>
        <IconButton
          label="Regular expression"
          aria-pressed={options.regex}
          className={options.regex ? 'bg-sunken text-accent!' : ''}
          onClick={() => toggle({ regex: !options.regex })}
        >
          <Regex aria-hidden="true" />
        </IconButton>
        <IconButton label="Previous match" shortcut="↵" onClick={() => find('previous')}>
          <ChevronUp aria-hidden="true" />
        </IconButton>
        <IconButton label="Next match" shortcut="⇧ ↵" onClick={() => find('next')}>
          <ChevronDown aria-hidden="true" />
        </IconButton>
        <IconButton label="Close the search" shortcut="esc" onClick={onClose}>
          <X aria-hidden="true" />
        </IconButton>
      </span>
    </search>
  )
}

function countText({ index, count }: FindResult): string {
  if (count === 0) return 'Not found'
  return index < 0 ? `${count}+ matches` : `${index + 1} of ${count}`
}

function isRegex(text: string): boolean {
  try {
    return new RegExp(text) instanceof RegExp
  } catch {
    return false
  }
}
