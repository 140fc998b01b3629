import { Ellipsis, Plus } from 'lucide-react'
import { cn } from '../primitives/cn.ts'
import { Kbd } from '../primitives/kbd.tsx'
import { Skeleton } from '../primitives/skeleton.tsx'
import { State } from '../primitives/state.tsx'
import { AppLink } from './link.tsx'
import { LinkState } from './link-state.tsx'
import { Avatar } from './mark.tsx'
import type { NavItem, ShellData, SidebarWorkspace } from './model.ts'
import { Switcher } from './switcher.tsx'
import { UserMenu } from './user-menu.tsx'

const row =
  'flex h-8.5 items-center gap-2.5 rounded-sm px-2 text-text-2 transition-colors hover:bg-sunken hover:text-text aria-[current=page]:bg-surface aria-[current=page]:font-medium aria-[current=page]:text-text aria-[current=page]:ring-1 aria-[current=page]:ring-line touch:h-11'

/** The left column on a desktop. */
export function Sidebar({ data }: { data: ShellData }) {
  return (
    <aside className="hidden w-57 shrink-0 flex-col gap-0.5 px-2.5 py-1.5 md:flex">
      <Switcher data={data} />
      <nav aria-label="Main" className="flex min-h-0 flex-1 flex-col gap-0.5 overflow-y-auto pb-2">
        {data.nav.map((item) => (
          <NavRow key={item.id} item={item} />
        ))}
        <div className="flex items-end justify-between">
          <Heading>Workspaces</Heading>
          {data.addWorkspaceHref ? (
            <AppLink
              href={data.addWorkspaceHref}
              title="Add a directory"
              className="mr-1 grid size-7 place-items-center rounded-sm text-text-3 hover:bg-sunken hover:text-text touch:size-11"
            >
              <Plus aria-hidden="true" className="size-4" />
              <span className="sr-only">Add a directory</span>
            </AppLink>
          ) : null}
        </div>
        <WorkspaceRows workspaces={data.workspaces} />
        {data.organizationNav.length > 0 ? <Heading>{data.organizationName}</Heading> : null}
        {data.organizationNav.map((item) => (
          <NavRow key={item.id} item={item} />
        ))}
      </nav>
      <button
        type="button"
        onClick={data.onPalette}
        className="flex h-8.5 items-center gap-2 rounded-sm px-2 hover:bg-sunken touch:h-11"
      >
        <LinkState link={data.link} />
        <span className="sr-only">Open the command palette</span>
        {/* Words with an age need the whole line. */}
        {data.link.state === 'offline' ? null : <Kbd className="ml-auto">{commandKey()}K</Kbd>}
      </button>
      {data.user ? (
        <UserMenu
          data={data}
          trigger={
            <button
              type="button"
              className="flex h-11 items-center gap-2.5 rounded-sm px-2 text-left text-text-2 hover:bg-sunken hover:text-text data-[state=open]:bg-sunken"
            >
              <Avatar name={data.user.name} />
              <span className="min-w-0 flex-1 truncate">{data.user.name}</span>
              <span className="sr-only">Your menu</span>
              <Ellipsis aria-hidden="true" className="size-4 text-text-3" />
            </button>
          }
        />
      ) : (
        <div className="flex h-11 items-center gap-2.5 px-2">
          <Skeleton className="size-6.5 rounded-full" />
          <Skeleton className="w-24" />
        </div>
      )}
    </aside>
  )
}

/** ⌘ on Apple's machines, Ctrl elsewhere. */
export function commandKey(): string {
  return /Mac|iPhone|iPad/.test(typeof navigator === 'undefined' ? '' : navigator.userAgent) ? '⌘' : 'Ctrl '
}

function Heading({ children }: { children: React.ReactNode }) {
  return <h2 className="mx-2 mt-4.5 mb-1 font-medium text-text-3 text-xs">{children}</h2>
}

function NavRow({ item }: { item: NavItem }) {
  const Icon = item.icon
  return (
    <AppLink href={item.href} aria-current={item.active ? 'page' : undefined} className={row}>
      <Icon aria-hidden="true" className="size-4.5 shrink-0 stroke-[1.6]" />
      <span className="truncate">{item.label}</span>
    </AppLink>
  )
}

function WorkspaceRows({ workspaces }: { workspaces: readonly SidebarWorkspace[] | null }) {
  if (workspaces === null) {
    return (
      <div className="grid">
        {['w-28', 'w-20', 'w-24'].map((width) => (
          <div key={width} className="flex h-8.5 items-center px-2">
            <Skeleton className={width} />
          </div>
        ))}
      </div>
    )
  }
  if (workspaces.length === 0) return <p className="mx-2 text-text-3 text-xs">None yet</p>
  return workspaces.map((workspace) => (
    <AppLink
      key={workspace.id}
      href={workspace.href}
      aria-current={workspace.active ? 'page' : undefined}
      className={cn(row, 'shrink-0')}
    >
      <span className="min-w-0 flex-1 truncate">{workspace.name}</span>
      {workspace.state ? (
        <State kind={workspace.state.kind} compact>
          {workspace.state.word}
        </State>
      ) : null}
    </AppLink>
  ))
}
