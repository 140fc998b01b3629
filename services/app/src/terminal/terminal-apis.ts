import type { TerminalId } from '@pilot/domain/entities/terminal'
import { workspacePath } from '@pilot/frontend/runtime/create-runtime-apis'
import { requestJson } from '@pilot/frontend/runtime/http'
import { createTerminalApi, type TerminalApi } from '@pilot/frontend/terminal/terminal-api'
import { z } from 'zod'
import { http } from '../lib/gateway.ts'

const DetailSchema = z.object({ attach_command: z.string().min(1).optional() })

/** The routes of a workspace's terminals. */
export function terminalApi(slug: string): TerminalApi {
  return createTerminalApi(slug, http)
}

/** The command that opens the same terminal from a shell on its machine. Throws PilotClientError. */
export async function attachCommand(slug: string, id: TerminalId): Promise<string> {
  const path = `${workspacePath(slug)}/terminal/${id}`
  const detail = await requestJson(http, { method: 'GET', path }, DetailSchema)
  return detail.attach_command ?? `pilot attach ${id}`
}
