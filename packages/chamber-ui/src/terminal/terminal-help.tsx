import { Dialog } from '../primitives/dialog.tsx'
import { Kbd } from '../primitives/kbd.tsx'
import { keyHelp } from './terminal-keys.ts'

interface TerminalHelpProps {
  open: boolean
  onOpenChange: (open: boolean) => void
  mac: boolean
}

/** All keys of the terminals' page. */
export function TerminalHelp({ open, onOpenChange, mac }: TerminalHelpProps) {
  return (
    <Dialog
      open={open}
      onOpenChange={onOpenChange}
      title="Keys in a terminal"
      description="Everything else goes to the program. Browsers keep some keys with Ctrl for themselves; those with Alt always work."
    >
      <dl className="grid">
        {keyHelp(mac).map(({ keys, does }) => (
          <div key={does} className="flex min-h-9 items-center gap-3 border-line border-b last:border-b-0">
            <dt className="flex-1 text-sm">{does}</dt>
            <dd className="flex flex-wrap justify-end gap-1">
              {keys.map((key) => (
                <Kbd key={key}>{key}</Kbd>
              ))}
            </dd>
          </div>
        ))}
      </dl>
      <p className="mt-3 text-sm text-text-3">
        Ctrl C copies only while something is selected; press it again to interrupt the program.
      </p>
    </Dialog>
  )
}
