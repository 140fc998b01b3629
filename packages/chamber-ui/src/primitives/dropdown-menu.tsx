import { type DropdownMenu as Radix, Slot } from 'radix-ui'
import {
  type ComponentProps,
  type ComponentType,
  createContext,
  type ReactElement,
  type ReactNode,
  useContext,
  useState,
} from 'react'
import { lazyModule, useModule } from './use-module.ts'

export interface DropdownMenuProps {
  trigger: ReactElement
  children: ReactNode
  align?: 'start' | 'center' | 'end'
  side?: 'top' | 'right' | 'bottom' | 'left'
  className?: string
}

export interface ItemProps extends ComponentProps<typeof Radix.Item> {
  danger?: boolean
  shortcut?: string
}
export type RadioItemProps = ComponentProps<typeof Radix.RadioItem>

/** The parts of a menu, given by the view to what stands inside it. */
export interface MenuParts {
  Item: ComponentType<ItemProps>
  RadioItem: ComponentType<RadioItemProps>
  RadioGroup: ComponentType<ComponentProps<typeof Radix.RadioGroup>>
  Label: ComponentType<ComponentProps<typeof Radix.Label>>
  Separator: ComponentType<ComponentProps<typeof Radix.Separator>>
}
export const MenuContext = createContext<MenuParts | null>(null)

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

export function DropdownMenuRadioGroup(props: ComponentProps<typeof Radix.RadioGroup>) {
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
