import { Keyboard, LogOut, Settings } from 'lucide-react'
import type { ReactElement } from 'react'
import {
  DropdownMenu,
  DropdownMenuItem,
  DropdownMenuLabel,
  DropdownMenuRadioGroup,
  DropdownMenuRadioItem,
  DropdownMenuSeparator,
} from '../primitives/dropdown-menu.tsx'
import { AppLink } from './link.tsx'
import type { ShellData, ThemeChoice } from './model.ts'

const THEMES: readonly { value: ThemeChoice; label: string }[] = [
  { value: 'system', label: 'As the system' },
  { value: 'light', label: 'Light' },
  { value: 'dark', label: 'Dark' },
]

/** The user's own menu: settings, theme, shortcuts, sign out. */
export function UserMenu({ data, trigger }: { data: ShellData; trigger: ReactElement }) {
  const choose = (value: string) => {
    const theme = THEMES.find((candidate) => candidate.value === value)
    if (theme) data.onTheme(theme.value)
  }
  return (
    <DropdownMenu trigger={trigger} side="top" align="start" className="w-56">
      {data.user ? <DropdownMenuLabel>{data.user.email}</DropdownMenuLabel> : null}
      <DropdownMenuItem asChild>
        <AppLink href={data.userHref}>
          <Settings aria-hidden="true" /> Your settings
        </AppLink>
      </DropdownMenuItem>
      <DropdownMenuItem onSelect={data.onShortcuts} shortcut="?" className="touch:hidden">
        <Keyboard aria-hidden="true" /> Keyboard shortcuts
      </DropdownMenuItem>
      <DropdownMenuSeparator />
      <DropdownMenuLabel>Theme</DropdownMenuLabel>
      <DropdownMenuRadioGroup value={data.theme} onValueChange={choose}>
        {THEMES.map((theme) => (
          <DropdownMenuRadioItem key={theme.value} value={theme.value}>
            {theme.label}
          </DropdownMenuRadioItem>
        ))}
      </DropdownMenuRadioGroup>
      <DropdownMenuSeparator />
      <DropdownMenuItem onSelect={data.onSignOut}>
        <LogOut aria-hidden="true" /> Sign out
      </DropdownMenuItem>
    </DropdownMenu>
  )
}
