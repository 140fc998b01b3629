import { Check } from 'lucide-react'
import { useState } from 'react'
import { Button } from '../primitives/button.tsx'
import { Dialog, DialogActions } from '../primitives/dialog.tsx'
import { asOneLine, type PasteCheck, pastePreview } from './paste-guard.ts'

interface PasteDialogProps {
  /** Null: closed. */
  paste: PasteCheck | null
  onCancel: () => void
  onPaste: (text: string, dontAsk: boolean) => void
}

/** Shows what is about to be pasted. */
export function PasteDialog({ paste, onCancel, onPaste }: PasteDialogProps) {
  return (
    <Dialog
      open={paste !== null}
      onOpenChange={(open) => {
        if (!open) onCancel()
      }}
      size="lg"
      title={paste && paste.lines > 1 ? `Paste ${paste.lines} lines?` : 'Paste this text?'}
      description="A program may run each line as soon as it arrives."
    >
      {paste ? <PasteForm paste={paste} onCancel={onCancel} onPaste={onPaste} /> : null}
    </Dialog>
  )
}

function PasteForm({ paste, onCancel, onPaste }: PasteDialogProps & { paste: PasteCheck }) {
  const [dontAsk, setDontAsk] = useState(false)
  const { text, hidden } = pastePreview(paste.text)
  return (
    <div className="grid gap-3">
      <pre
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls is reached by keyboard
        tabIndex={0}
        className="max-h-[38dvh] overflow-auto whitespace-pre-wrap break-words rounded-sm bg-sunken p-3 text-sm"
      >
        {text}
        {hidden > 0 ? (
          <span className="text-text-3">{`\n… and ${hidden.toLocaleString()} characters more`}</span>
        ) : null}
      </pre>
      {paste.removed > 0 ? (
        <p className="text-sm text-wait">
          {paste.removed === 1 ? 'One control character is' : `${paste.removed} control characters are`} left out.
        </p>
      ) : null}
      <label className="relative flex min-h-8.5 items-center gap-2.5 text-sm touch:min-h-11">
        <input
          type="checkbox"
          checked={dontAsk}
          onChange={(event) => setDontAsk(event.target.checked)}
          className="peer absolute inset-0 size-full opacity-0"
        />
        <span
          aria-hidden="true"
          className="grid size-4.5 place-items-center rounded-xs border border-line-strong text-transparent peer-checked:border-accent peer-checked:bg-accent peer-checked:text-on-accent peer-focus-visible:outline-2 peer-focus-visible:outline-accent peer-focus-visible:outline-offset-2"
        >
          <Check className="size-3.5" />
        </span>
        Do not ask again for this terminal
      </label>
      <DialogActions>
        <Button onClick={onCancel}>Cancel</Button>
        {paste.lines > 1 ? (
          <Button onClick={() => onPaste(asOneLine(paste.text), dontAsk)}>Paste as one line</Button>
        ) : null}
        <Button data-focus variant="primary" onClick={() => onPaste(paste.text, dontAsk)}>
          Paste
        </Button>
      </DialogActions>
    </div>
  )
}
