import { Check, Copy } from 'lucide-react'
import { useEffect, useState } from 'react'
import { Button, IconButton } from './button.tsx'

/** How long "Copied" stays, in ms: long enough to read. */
const SHOWN_MS = 1_600

/** Puts text on the clipboard, also where the page is plain http and has no clipboard API. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    const area = document.createElement('textarea')
    area.value = text
    area.style.position = 'fixed'
    area.style.opacity = '0'
    const focused = document.activeElement
    const host = focused?.closest('[role=dialog]') ?? document.body
    host.append(area)
    area.select()
    const copied = document.execCommand('copy')
    area.remove()
    if (focused instanceof HTMLElement) focused.focus()
    return copied
  }
}

interface CopyButtonProps {
  text: string
  /** What is copied: "Copy the command". */
  label: string
  /** Shows the word beside the icon. */
  withText?: boolean
}

/** Copies a text and says so for a moment, in sight and aloud. */
export function CopyButton({ text, label, withText }: CopyButtonProps) {
  const [result, setResult] = useState<'copied' | 'failed' | null>(null)
  useEffect(() => {
    if (!result) return
    const timer = setTimeout(() => setResult(null), SHOWN_MS)
    return () => clearTimeout(timer)
  }, [result])
  const copy = () => {
    void copyText(text).then((copied) => setResult(copied ? 'copied' : 'failed'))
  }
  const icon = result === 'copied' ? <Check aria-hidden="true" className="text-good" /> : <Copy aria-hidden="true" />
  const word = result === 'copied' ? 'Copied' : result === 'failed' ? 'Select and copy by hand' : 'Copy'
  return (
    <>
      {withText ? (
        <Button onClick={copy} aria-label={label}>
          {icon} {word}
        </Button>
      ) : (
        <IconButton label={result ? word : label} onClick={copy}>
          {icon}
        </IconButton>
      )}
      <span className="sr-only" aria-live="polite">
        {result ? word : ''}
      </span>
    </>
  )
}
