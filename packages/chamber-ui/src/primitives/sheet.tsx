import { type ReactNode, useEffect } from 'react'
import { overlays } from './dialog.tsx'
import { useModule } from './use-module.ts'

export interface SheetProps {
  open: boolean
  onOpenChange: (open: boolean) => void
  title: ReactNode
  description?: string
  /** From the bottom (phone menus, decisions) or over the right edge (panels on a narrow desktop). */
  side?: 'bottom' | 'right'
  className?: string
  children: ReactNode
}

/** A panel that slides over the screen and leaves by ✕, Escape or a press beside it. */
export function Sheet(props: SheetProps) {
  const [module, load] = useModule(overlays)
  useEffect(() => {
    if (props.open && !module) load()
  }, [props.open, module, load])
  return module ? <module.SheetView {...props} /> : null
}
