import { createFileRoute } from '@tanstack/react-router'
import { LoginScreen } from '../screens/login-screen.tsx'

export const Route = createFileRoute('/login')({
  validateSearch: (search): { next?: string; error?: string } => ({
    ...(typeof search.next === 'string' ? { next: search.next } : {}),
    ...(typeof search.error === 'string' ? { error: search.error } : {}),
  }),
  component: LoginPage,
})

function LoginPage() {
  const { next, error } = Route.useSearch()
  return <LoginScreen next={next} providerFailed={error !== undefined} />
}
