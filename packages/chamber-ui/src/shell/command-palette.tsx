import { Command } from 'cmdk'
import type { LucideIcon } from 'lucide-react'
import { Dialog as Radix } from 'radix-ui'
import { Kbd } from '../primitives/kbd.tsx'

export interface PaletteAction {
  id: string
  label: string
  group: string
  icon: LucideIcon
  /** Further words that find it. */
  keywords?: string[]
  shortcut?: string
  run: () => void
}

interface CommandPaletteProps {
  open: boolean
  onOpenChange: (open: boolean) => void
  actions: readonly PaletteAction[]
}

/** Everything one can go to or do, found by typing. */
export function CommandPalette({ open, onOpenChange, actions }: CommandPaletteProps) {
  const groups = [...new Set(actions.map((action) => action.group))]
  return (
    <Radix.Root open={open} onOpenChange={onOpenChange}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 animate-fade-in bg-scrim" />
        <Radix.Content
          aria-describedby={undefined}
          className="fixed inset-x-3 top-[max(12px,env(safe-area-inset-top))] z-50 mx-auto max-w-xl animate-pop-in overflow-hidden rounded-lg border border-line bg-raised shadow-float focus:outline-none md:top-[16dvh]"
        >
          <Radix.Title className="sr-only">Command palette</Radix.Title>
          <Command label="Command palette" loop>
            <Command.Input
              placeholder="Go to or do…"
              className="h-12 w-full border-line border-b bg-transparent px-4 text-md outline-none"
            />
            <Command.List className="max-h-[min(380px,60dvh)] overflow-y-auto overscroll-contain p-1.5">
              <Command.Empty className="px-3 py-6 text-center text-sm text-text-3">Nothing found.</Command.Empty>
              {groups.map((group) => (
                <Command.Group
                  key={group}
                  heading={group}
                  className="[&_[cmdk-group-heading]]:px-2.5 [&_[cmdk-group-heading]]:pt-2 [&_[cmdk-group-heading]]:pb-1 [&_[cmdk-group-heading]]:text-text-3 [&_[cmdk-group-heading]]:text-xs"
                >
                  {actions
                    .filter((action) => action.group === group)
                    .map((action) => (
                      <Row key={action.id} action={action} close={() => onOpenChange(false)} />
                    ))}
                </Command.Group>
              ))}
            </Command.List>
          </Command>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  )
}

function Row({ action, close }: { action: PaletteAction; close: () => void }) {
  const Icon = action.icon
  return (
    <Command.Item
      value={action.id}
      keywords={[action.label, ...(action.keywords ?? [])]}
      onSelect={() => {
        close()
        action.run()
      }}
      className="flex min-h-9 cursor-pointer items-center gap-2.5 rounded-sm px-2.5 text-sm data-[selected=true]:bg-sunken touch:min-h-11"
    >
      <Icon aria-hidden="true" className="size-4 shrink-0 text-text-3" />
      <span className="min-w-0 flex-1 truncate">{action.label}</span>
      {action.shortcut ? <Kbd>{action.shortcut}</Kbd> : null}
    </Command.Item>
  )
}
