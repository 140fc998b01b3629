import type { DropdownMenu as Radix } from 'radix-ui'
import { type ComponentProps, type ComponentType, createContext, type ReactElement, type ReactNode } from 'react'

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
export type GroupProps = ComponentProps<typeof Radix.RadioGroup>
export type RadioItemProps = ComponentProps<typeof Radix.RadioItem>

/** The parts of a menu, given by the view to what stands inside it. */
export interface MenuParts {
  Item: ComponentType<ItemProps>
  RadioItem: ComponentType<RadioItemProps>
  RadioGroup: ComponentType<GroupProps>
  Label: ComponentType<ComponentProps<typeof Radix.Label>>
  Separator: ComponentType<ComponentProps<typeof Radix.Separator>>
}
export const MenuContext = createContext<MenuParts | null>(null)
