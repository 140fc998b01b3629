import { createFileRoute } from '@tanstack/react-router'
import { UserSettingsScreen } from '../../screens/user-settings-screen.tsx'

export const Route = createFileRoute('/_app/user/settings')({ component: UserSettingsScreen })
