import { IconButton } from '@pilot/chamber-ui/primitives/button.tsx'
import { copyText } from '@pilot/chamber-ui/primitives/copy-button.tsx'
import { DropdownMenu, DropdownMenuItem, DropdownMenuSeparator } from '@pilot/chamber-ui/primitives/dropdown-menu.tsx'
import { toast } from '@pilot/chamber-ui/primitives/toaster.tsx'
import {
  AArrowDown,
  AArrowUp,
  Accessibility,
  Bell,
  Columns2,
  Ellipsis,
  Keyboard,
  Lock,
  LockOpen,
  MousePointer2,
  PencilLine,
  Rows2,
  Search,
  SquarePlus,
  SquareX,
  Terminal as TerminalIcon,
} from 'lucide-react'
import type { useTerminalSettings } from './device-settings.ts'
import type { TerminalRow } from './terminal-rows.ts'
import { askForNotifications, canAskForNotifications } from './use-bells.ts'
import type { TerminalActions } from './use-terminal-actions.ts'

interface TerminalMenuProps {
  row: TerminalRow
  actions: TerminalActions
  settings: ReturnType<typeof useTerminalSettings>
  phone: boolean
  onFind: () => void
  onSelectText: () => void
  onSplit: (direction: 'right' | 'down') => void
  /** Another terminal where this one's program works now. */
  onNewHere: () => void
  onRename: () => void
  onMode: (mode: 'shared' | 'exclusive') => void
  onHelp: () => void
}

/** Everything that can be done with the terminal in front. */
export function TerminalMenu({ row, actions, settings, phone, ...on }: TerminalMenuProps) {
  const running = row.state === 'running'
  const exclusive = row.status?.mode === 'exclusive'
  const copyAttach = () => {
    actions
      .attachCommand(row)
      .then(async (command) => {
        if (await copyText(command)) toast.success('Command copied', { description: command })
        else toast.error('The browser did not allow to copy.', { description: command })
      })
      .catch(actions.failed('The command is not known.'))
  }
  return (
    <DropdownMenu
      trigger={
        <IconButton label="More actions">
          <Ellipsis aria-hidden="true" />
        </IconButton>
      }
    >
      {phone ? (
        <>
          <DropdownMenuItem onSelect={on.onFind}>
            <Search aria-hidden="true" /> Find in the output
          </DropdownMenuItem>
          <DropdownMenuItem onSelect={on.onSelectText}>
            <MousePointer2 aria-hidden="true" /> Select and copy text
          </DropdownMenuItem>
        </>
      ) : (
        <>
          <DropdownMenuItem onSelect={() => on.onSplit('right')}>
            <Columns2 aria-hidden="true" /> Split to the right
          </DropdownMenuItem>
          <DropdownMenuItem onSelect={() => on.onSplit('down')}>
            <Rows2 aria-hidden="true" /> Split downwards
          </DropdownMenuItem>
        </>
      )}
      <DropdownMenuItem onSelect={on.onNewHere}>
        <SquarePlus aria-hidden="true" /> New terminal here
      </DropdownMenuItem>
      <DropdownMenuItem onSelect={on.onRename}>
        <PencilLine aria-hidden="true" /> Rename
      </DropdownMenuItem>
      <DropdownMenuItem disabled={!running} onSelect={() => on.onMode(exclusive ? 'shared' : 'exclusive')}>
        {exclusive ? <LockOpen aria-hidden="true" /> : <Lock aria-hidden="true" />}
        {exclusive ? 'Let everybody type' : 'Let only me type'}
      </DropdownMenuItem>
      <DropdownMenuItem onSelect={copyAttach}>
        <TerminalIcon aria-hidden="true" /> Copy the command for SSH
      </DropdownMenuItem>
      <DropdownMenuSeparator />
      <DropdownMenuItem
        onSelect={(event) => {
          event.preventDefault()
          settings.setFontSize(settings.fontSize + 1)
        }}
      >
        <AArrowUp aria-hidden="true" /> Larger text
      </DropdownMenuItem>
      <DropdownMenuItem
        onSelect={(event) => {
          event.preventDefault()
          settings.setFontSize(settings.fontSize - 1)
        }}
      >
        <AArrowDown aria-hidden="true" /> Smaller text
      </DropdownMenuItem>
      <DropdownMenuItem onSelect={() => settings.setScreenReader(!settings.screenReader)}>
        <Accessibility aria-hidden="true" />
        {settings.screenReader ? 'Stop reading output aloud' : 'Read output to screen readers'}
      </DropdownMenuItem>
      {canAskForNotifications() ? (
        <DropdownMenuItem onSelect={askForNotifications}>
          <Bell aria-hidden="true" /> Notify me of bells
        </DropdownMenuItem>
      ) : null}
      {phone ? null : (
        <DropdownMenuItem onSelect={on.onHelp}>
          <Keyboard aria-hidden="true" /> Keys
        </DropdownMenuItem>
      )}
      <DropdownMenuSeparator />
      <DropdownMenuItem danger onSelect={() => actions.close(row)}>
        <SquareX aria-hidden="true" /> {running ? 'End and close…' : 'Close'}
      </DropdownMenuItem>
    </DropdownMenu>
  )
}
