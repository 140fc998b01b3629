import { Slot } from 'radix-ui'
import { type ReactNode, useContext, useState } from 'react'
import {
  type DropdownMenuProps,
  type GroupProps,
  type ItemProps,
  MenuContext,
  type MenuParts,
  type RadioItemProps,
} from './dropdown-menu-parts.ts'
import { lazyModule, useModule } from './use-module.ts'

const view = lazyModule(() => import('./dropdown-menu-view.tsx'))

/**
 * A menu that opens from a button. Arrow keys, type-ahead and Escape work; focus returns to the button. Its code is
 * fetched when a pointer or the focus comes near, so that pages do not wait for it.
 */
export function DropdownMenu(props: DropdownMenuProps) {
  const [module, load] = useModule(view)
  const [wanted, setWanted] = useState(false)
  if (wanted && module) return <module.DropdownMenuView {...props} />
  const prepare = () => load()
  return (
    <Slot.Root
      aria-haspopup="menu"
      aria-expanded={false}
      onPointerEnter={prepare}
      onFocus={prepare}
      onClick={() => load(() => setWanted(true))}
    >
      {props.trigger}
    </Slot.Root>
  )
}

function useParts(): MenuParts {
  const parts = useContext(MenuContext)
  if (!parts) throw new Error('Parts of a menu stand inside a DropdownMenu.')
  return parts
}

/** One action of a menu. */
export function DropdownMenuItem(props: ItemProps) {
  const { Item } = useParts()
  return <Item {...props} />
}

/** One of several choices of which exactly one is on. */
export function DropdownMenuRadioItem(props: RadioItemProps) {
  const { RadioItem } = useParts()
  return <RadioItem {...props} />
}

export function DropdownMenuRadioGroup(props: GroupProps) {
  const { RadioGroup } = useParts()
  return <RadioGroup {...props} />
}

export function DropdownMenuLabel({ children }: { children: ReactNode }) {
  const { Label } = useParts()
  return <Label className="truncate px-2.5 pt-2 pb-1 text-text-3 text-xs">{children}</Label>
}

export function DropdownMenuSeparator() {
  const { Separator } = useParts()
  return <Separator className="-mx-1 my-1 h-px bg-line" />
}
