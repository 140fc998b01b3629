import { Ellipsis, LogOut, Monitor, Moon, Plus, Search, Settings, Sun } from 'lucide-react'
import { type ReactNode, useState } from 'react'
import { cn } from '../primitives/cn.ts'
import { Sheet } from '../primitives/sheet.tsx'
import { AppLink } from './link.tsx'
import { LinkState } from './link-state.tsx'
import { Avatar } from './mark.tsx'
import type { ShellData, ThemeChoice } from './model.ts'

const cell =
  'grid min-h-14 place-content-center justify-items-center gap-0.5 font-medium text-2xs text-text-3 aria-[current=page]:text-accent data-[state=open]:text-accent'

/** The same destinations at the bottom of a phone. */
export function PhoneBar({ data }: { data: ShellData }) {
  const [more, setMore] = useState(false)
  return (
    <nav
      aria-label="Main"
      className="grid shrink-0 auto-cols-fr grid-flow-col border-line border-t bg-surface pb-[env(safe-area-inset-bottom)] md:hidden"
    >
      {data.nav.map(({ id, icon: Icon, label, href, active }) => (
        <AppLink key={id} href={href} aria-current={active ? 'page' : undefined} className={cell}>
          <Icon aria-hidden="true" className="size-5 stroke-[1.6]" />
          {label}
        </AppLink>
      ))}
      <button type="button" className={cell} aria-haspopup="dialog" aria-expanded={more} onClick={() => setMore(true)}>
        <Ellipsis aria-hidden="true" className="size-5 stroke-[1.6]" />
        More
      </button>
      <Sheet open={more} onOpenChange={setMore} title="More">
        <MoreList data={data} close={() => setMore(false)} />
      </Sheet>
    </nav>
  )
}

const item =
  'flex min-h-12 w-full items-center gap-3 px-4 text-left active:bg-sunken [&>svg]:size-5 [&>svg]:text-text-3'

function MoreList({ data, close }: { data: ShellData; close: () => void }) {
  return (
    <div className="grid pb-4">
      {data.user ? (
        <div className="flex items-center gap-3 px-4 pb-3">
          <Avatar name={data.user.name} className="size-9 text-sm" />
          <div className="min-w-0 flex-1">
            <div className="truncate font-medium">{data.user.name}</div>
            <div className="truncate text-sm text-text-3">{data.user.email}</div>
          </div>
          <LinkState link={data.link} />
        </div>
      ) : null}
      <button
        type="button"
        className={item}
        onClick={() => {
          close()
          data.onPalette()
        }}
      >
        <Search aria-hidden="true" /> Search and commands
      </button>
      {data.organizationNav.map(({ id, href, icon: Icon, label }) => (
        <AppLink key={id} href={href} onClick={close} className={item}>
          <Icon aria-hidden="true" /> {data.organizationName} {label.toLowerCase()}
        </AppLink>
      ))}
      <AppLink href={data.userHref} onClick={close} className={item}>
        <Settings aria-hidden="true" /> Your settings
      </AppLink>
      {(data.groups ?? []).map((group) => (
        <section key={group.id}>
          <Title>{group.name}</Title>
          {group.instances.length === 0 ? (
            <AppLink href={group.href} onClick={close} className={item}>
              No instance yet
            </AppLink>
          ) : null}
          {group.instances.map((instance) => (
            <AppLink
              key={instance.id}
              href={instance.href}
              onClick={close}
              aria-current={instance.current ? 'true' : undefined}
              className={cn(item, 'aria-[current=true]:font-medium aria-[current=true]:text-accent')}
            >
              {instance.name}
            </AppLink>
          ))}
        </section>
      ))}
      <button type="button" className={item} onClick={data.onCreateOrganization}>
        <Plus aria-hidden="true" /> New organization…
      </button>
      <Title>Theme</Title>
      <ThemeButtons theme={data.theme} onTheme={data.onTheme} />
      <button type="button" className={cn(item, 'mt-2')} onClick={data.onSignOut}>
        <LogOut aria-hidden="true" /> Sign out
      </button>
    </div>
  )
}

function Title({ children }: { children: ReactNode }) {
  return <h3 className="px-4 pt-3 pb-1 font-medium text-text-3 text-xs">{children}</h3>
}

const THEMES = [
  { value: 'system', label: 'System', icon: Monitor },
  { value: 'light', label: 'Light', icon: Sun },
  { value: 'dark', label: 'Dark', icon: Moon },
] as const

/** The three themes side by side. */
export function ThemeButtons({ theme, onTheme }: { theme: ThemeChoice; onTheme: (theme: ThemeChoice) => void }) {
  return (
    <fieldset className="mx-4 grid grid-cols-3 gap-1 rounded-md bg-sunken p-1">
      <legend className="sr-only">Theme</legend>
      {THEMES.map(({ value, label, icon: Icon }) => (
        <button
          key={value}
          type="button"
          aria-pressed={theme === value}
          onClick={() => onTheme(value)}
          className="flex min-h-11 items-center justify-center gap-2 rounded-sm font-medium text-sm text-text-2 aria-pressed:bg-surface aria-pressed:text-text aria-pressed:ring-1 aria-pressed:ring-line md:min-h-8.5"
        >
          <Icon aria-hidden="true" className="size-4" /> {label}
        </button>
      ))}
    </fieldset>
  )
}
