import { Check } from 'lucide-react'
import { DropdownMenu as Radix } from 'radix-ui'
import { cn } from './cn.ts'
import {
  type DropdownMenuProps,
  type ItemProps,
  MenuContext,
  type MenuParts,
  type RadioItemProps,
} from './dropdown-menu-parts.ts'
import { Kbd } from './kbd.tsx'

const row =
  'flex min-h-8.5 w-full cursor-pointer select-none items-center gap-2.5 rounded-sm px-2.5 text-sm outline-none data-[disabled]:cursor-not-allowed data-[highlighted]:bg-sunken data-[disabled]:text-text-3 touch:min-h-11 touch:text-[15px] [&_svg]:size-4 [&_svg]:shrink-0'

function Item({ danger, shortcut, className, children, asChild, ...props }: ItemProps) {
  const look = cn(row, danger ? 'text-bad' : '[&_svg]:text-text-3', className)
  if (asChild) {
    return (
      <Radix.Item asChild className={look} {...props}>
        {children}
      </Radix.Item>
    )
  }
  return (
    <Radix.Item className={look} {...props}>
      {children}
      {shortcut ? <Kbd className="ml-auto">{shortcut}</Kbd> : null}
    </Radix.Item>
  )
}

function RadioItem({ className, children, ...props }: RadioItemProps) {
  return (
    <Radix.RadioItem className={cn(row, className)} {...props}>
      {children}
      <Radix.ItemIndicator className="ml-auto">
        <Check aria-hidden="true" />
      </Radix.ItemIndicator>
    </Radix.RadioItem>
  )
}

const parts: MenuParts = {
  Item,
  RadioItem,
  RadioGroup: Radix.RadioGroup,
  Label: Radix.Label,
  Separator: Radix.Separator,
}

/** The menu itself, open from the start: it is fetched by the press that opens it. */
export function DropdownMenuView({ trigger, children, align = 'end', side = 'bottom', className }: DropdownMenuProps) {
  return (
    <Radix.Root defaultOpen modal={false}>
      <Radix.Trigger asChild>{trigger}</Radix.Trigger>
      <Radix.Portal>
        <Radix.Content
          align={align}
          side={side}
          sideOffset={6}
          collisionPadding={8}
          className={cn(
            'z-50 max-h-(--radix-dropdown-menu-content-available-height) min-w-48 max-w-80 animate-pop-in overflow-y-auto rounded-md border border-line bg-raised p-1 shadow-float',
            className,
          )}
        >
          <MenuContext value={parts}>{children}</MenuContext>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  )
}
