import { createTerminalApi, type TerminalApi } from '@pilot/frontend/terminal/terminal-api'
import { http } from '../lib/gateway.ts'

/** The routes of a workspace's terminals. */
export function terminalApi(slug: string): TerminalApi {
  return createTerminalApi(slug, http)
}
