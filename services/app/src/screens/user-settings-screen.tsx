import { NameForm } from '@pilot/chamber-ui/management/name-form.tsx'
import { Button } from '@pilot/chamber-ui/primitives/button.tsx'
import { toast } from '@pilot/chamber-ui/primitives/toaster.tsx'
import { PageBody, PageHeader } from '@pilot/chamber-ui/shell/page-header.tsx'
import { ThemeButtons } from '@pilot/chamber-ui/shell/phone-bar.tsx'
import { useQuery } from '@tanstack/react-query'
import { useDocumentTitle } from '../lib/document-title.ts'
import { gateway } from '../lib/gateway.ts'
import { setTheme, useTheme } from '../lib/theme.ts'
import { signOut } from '../lib/use-app-frame.ts'
import { useCall } from '../lib/use-call.ts'
import { SettingsCard } from './settings-parts.tsx'

/** The user's own name, and the theme of this device. */
export function UserSettingsScreen() {
  useDocumentTitle('Your settings')
  const theme = useTheme()
  const session = useQuery(gateway.query('user.session'))
  const update = useCall('user.update', {
    invalidates: ['user.session'],
    onSuccess: () => toast.success('The name is changed.'),
  })
  const user = session.data?.user
  return (
    <>
      <PageHeader title="Your settings" />
      <PageBody narrow>
        <SettingsCard title="You">
          {user ? (
            <NameForm
              key={user.name}
              label="Name"
              initial={user.name}
              hint={user.email}
              submit="Save name"
              busy={update.isPending}
              error={update.error}
              onSubmit={(name) => update.mutate({ name })}
            />
          ) : null}
        </SettingsCard>
        <SettingsCard title="Theme of this device">
          <div className="-mx-4 max-w-md">
            <ThemeButtons theme={theme} onTheme={setTheme} />
          </div>
        </SettingsCard>
        <SettingsCard title="This session">
          <div>
            <Button onClick={() => void signOut()}>Sign out</Button>
          </div>
        </SettingsCard>
        <p className="text-text-3 text-xs">Version {session.data?.version ?? '…'}</p>
      </PageBody>
    </>
  )
}
