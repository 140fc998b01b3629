import { Check, ChevronDown, Plus } from 'lucide-react'
import {
  DropdownMenu,
  DropdownMenuItem,
  DropdownMenuLabel,
  DropdownMenuSeparator,
} from '../primitives/dropdown-menu.tsx'
import { Skeleton } from '../primitives/skeleton.tsx'
import { AppLink } from './link.tsx'
import { Mark } from './mark.tsx'
import type { ShellData } from './model.ts'

/** Which organization and instance one is in, and the way to another. */
export function Switcher({ data }: { data: ShellData }) {
  if (data.groups === null) {
    return (
      <div className="flex h-13 items-center gap-2.5 px-2">
        <Mark />
        <div className="grid gap-1.5">
          <Skeleton className="w-24" />
          <Skeleton className="h-2.5 w-16" />
        </div>
      </div>
    )
  }
  const title = data.instanceName ?? data.organizationName ?? 'No organization'
  const subtitle = data.instanceName ? data.organizationName : null
  return (
    <DropdownMenu
      align="start"
      className="w-60"
      trigger={
        <button
          type="button"
          className="flex h-13 w-full items-center gap-2.5 rounded-sm px-2 text-left transition-colors hover:bg-sunken data-[state=open]:bg-sunken"
        >
          <Mark />
          <span className="min-w-0 flex-1">
            <span className="block truncate font-semibold leading-tight">{title}</span>
            {subtitle ? <span className="block truncate text-text-3 text-xs leading-snug">{subtitle}</span> : null}
          </span>
          <span className="sr-only">Switch organization or instance</span>
          <ChevronDown aria-hidden="true" className="size-4 shrink-0 text-text-3" />
        </button>
      }
    >
      {data.groups.map((group) => (
        <div key={group.id}>
          <DropdownMenuLabel>{group.name}</DropdownMenuLabel>
          {group.instances.length === 0 ? (
            <DropdownMenuItem asChild>
              <AppLink href={group.href}>No instance yet</AppLink>
            </DropdownMenuItem>
          ) : null}
          {group.instances.map((instance) => (
            <DropdownMenuItem key={instance.id} asChild>
              <AppLink href={instance.href} aria-current={instance.current ? 'true' : undefined}>
                <span className="truncate">{instance.name}</span>
                {instance.current ? <Check aria-hidden="true" className="ml-auto" /> : null}
              </AppLink>
            </DropdownMenuItem>
          ))}
        </div>
      ))}
      <DropdownMenuSeparator />
      <DropdownMenuItem onSelect={data.onCreateOrganization}>
        <Plus aria-hidden="true" /> New organization…
      </DropdownMenuItem>
    </DropdownMenu>
  )
}
