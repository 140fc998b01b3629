import { createFileRoute } from '@tanstack/react-router'
import { LoginScreen } from '../screens/login-screen.tsx'

export const Route = createFileRoute('/login')({
  validateSearch: (search): { next?: string } => (typeof search.next === 'string' ? { next: search.next } : {}),
  component: LoginPage,
})

function LoginPage() {
  const { next } = Route.useSearch()
  return <LoginScreen next={next} />
}
