import { useEffect, useRef } from 'react'
import { CopyButton } from '../primitives/copy-button.tsx'
import { Sheet } from '../primitives/sheet.tsx'

/** The output as plain text that a finger can select. */
export function SelectTextSheet({ text, onClose }: { text: string | null; onClose: () => void }) {
  return (
    <Sheet
      open={text !== null}
      onOpenChange={(open) => {
        if (!open) onClose()
      }}
      title="Select and copy"
    >
      {text === null ? null : <SelectText text={text} />}
    </Sheet>
  )
}

function SelectText({ text }: { text: string }) {
  const box = useRef<HTMLPreElement>(null)
  useEffect(() => {
    // The newest lines are what one looked at.
    const parent = box.current?.parentElement?.parentElement
    if (parent) parent.scrollTop = parent.scrollHeight
  }, [])
  return (
    <div className="grid gap-3 px-4 pb-4">
      <pre
        ref={box}
        className="select-text whitespace-pre-wrap break-words rounded-sm bg-sunken p-3 text-sm leading-snug"
      >
        {text || 'Nothing printed yet.'}
      </pre>
      <div className="sticky bottom-0 flex justify-end bg-raised py-2">
        <CopyButton text={text} label="Copy everything" withText />
      </div>
    </div>
  )
}
