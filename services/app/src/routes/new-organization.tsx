import { createFileRoute } from '@tanstack/react-router'
import { NewOrganizationScreen } from '../screens/new-organization-screen.tsx'

export const Route = createFileRoute('/new-organization')({ component: NewOrganizationScreen })
