import { Dialog } from '../primitives/dialog.tsx'
import { Kbd } from '../primitives/kbd.tsx'

export interface ShortcutRow {
  keys: string
  does: string
}

interface ShortcutsDialogProps {
  open: boolean
  onOpenChange: (open: boolean) => void
  rows: readonly ShortcutRow[]
}

/** All shortcuts that work on this page. */
export function ShortcutsDialog({ open, onOpenChange, rows }: ShortcutsDialogProps) {
  return (
    <Dialog open={open} onOpenChange={onOpenChange} title="Keyboard shortcuts">
      <dl className="grid">
        {rows.map((row) => (
          <div key={row.keys} className="flex min-h-9 items-center gap-3 border-line border-b last:border-b-0">
            <dt className="flex-1 text-sm">{row.does}</dt>
            <dd className="flex gap-1">
              {row.keys.split(' ').map((key) => (
                <Kbd key={key}>{key}</Kbd>
              ))}
            </dd>
          </div>
        ))}
      </dl>
    </Dialog>
  )
}
