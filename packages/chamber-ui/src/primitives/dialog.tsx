import { type ReactNode, useEffect } from 'react'
import { lazyModule, useModule } from './use-module.ts'

export interface DialogProps {
  open: boolean
  onOpenChange: (open: boolean) => void
  title: ReactNode
  /** One sentence on what it is for; read aloud when it opens. */
  description?: ReactNode
  children: ReactNode
  /** Widest size on a desktop. */
  size?: 'md' | 'lg'
  className?: string
}

/** Code of dialogs and sheets, fetched with the first that opens. */
export const overlays = lazyModule(() => import('./overlay-view.tsx'))

/** A dialog in the middle of the desktop, a sheet from the bottom on a phone. Traps focus and gives it back. */
export function Dialog(props: DialogProps) {
  const [module, load] = useModule(overlays)
  useEffect(() => {
    if (props.open && !module) load()
  }, [props.open, module, load])
  return module ? <module.DialogView {...props} /> : null
}

/** The row of buttons that ends a dialog: side by side on a desktop, full width and stacked on a phone. */
export function DialogActions({ children }: { children: ReactNode }) {
  return (
    <div className="mt-4 flex flex-col-reverse gap-2 md:flex-row md:justify-end max-md:[&_button]:h-11 max-md:[&_button]:w-full">
      {children}
    </div>
  )
}
