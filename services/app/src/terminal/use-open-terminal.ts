import { toast } from '@pilot/chamber-ui/primitives/toaster.tsx'
import { toClientError } from '@pilot/frontend/errors'
import { useRouter } from '@tanstack/react-router'
import { openTerminal, type TerminalWish } from './open-terminal.ts'

/** Opens a terminal of the workspace and goes there; says so when it was not opened. */
export function useOpenTerminal(slug: string): (wish: TerminalWish) => void {
  const router = useRouter()
  return (wish) => {
    openTerminal(slug, wish).then(
      (terminalId) => router.navigate({ to: '/$slug/terminal/$terminalId', params: { slug, terminalId } }),
      (cause: unknown) => toast.error('The terminal was not opened.', { description: toClientError(cause).message }),
    )
  }
}
