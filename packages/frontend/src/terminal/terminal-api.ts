import type { TerminalId } from '@pilot/domain/entities/terminal'
import {
  AttachCommandSchema,
  type CreateTerminal,
  CreateTerminalSchema,
  type ProgramView,
  ProgramViewSchema,
  type TerminalDirectory,
  TerminalDirectorySchema,
  type TerminalView,
  TerminalViewSchema,
  type TmuxSessionView,
  TmuxSessionViewSchema,
  type UpdateTerminal,
} from '@pilot/protocol/terminal/rest'
import { z } from 'zod'
import { networkError } from '../errors.ts'
import { workspacePath } from '../runtime/create-runtime-apis.ts'
import { type HttpOptions, request, requestJson } from '../runtime/http.ts'
import type { CallOptions } from '../runtime/runtime-apis.ts'

const ListSchema = z.object({ terminals: z.array(TerminalViewSchema) })
const ProgramsSchema = z.object({ programs: z.array(ProgramViewSchema) })
const TmuxSchema = z.object({ sessions: z.array(TmuxSessionViewSchema) })

export interface SnapshotOptions extends CallOptions {
  /** `ansi` keeps colours. */
  format?: 'text' | 'ansi'
  /** Lines above the screen. */
  scrollback?: number
}

/**
 * The terminals of one workspace, below `/api/chamber/workspaces/:slug/terminal`. Every failure is a PilotClientError,
 * an aborted call throws the signal's reason. The list is answered while the machine is away; snapshot, programs and
 * tmux come from the machine.
 */
export interface TerminalApi {
  list(options?: CallOptions): Promise<TerminalView[]>
  /** The id is made by the caller, so that repeating it makes one terminal. */
  create(terminal: z.input<typeof CreateTerminalSchema>, options?: CallOptions): Promise<TerminalView>
  get(id: TerminalId, options?: CallOptions): Promise<TerminalView>
  rename(id: TerminalId, title: string, options?: CallOptions): Promise<TerminalView>
  /** Ends the program. CONFLICT: it ignores the hang-up; `force` kills it. */
  close(id: TerminalId, force: boolean, options?: CallOptions): Promise<void>
  /** A new program for an ended or lost terminal. */
  reopen(id: TerminalId, options?: CallOptions): Promise<TerminalView>
  snapshot(id: TerminalId, options?: SnapshotOptions): Promise<string>
  /** What opens the terminal from a shell of its machine. */
  attachCommand(id: TerminalId, options?: CallOptions): Promise<string>
  /** Where its program works now. */
  directory(terminal: Pick<TerminalView, 'id' | 'agent_session_id'>, options?: CallOptions): Promise<TerminalDirectory>
  programs(options?: CallOptions): Promise<ProgramView[]>
  tmux(options?: CallOptions): Promise<TmuxSessionView[]>
}

/** The slug is fixed for the life of the object, so that no call can reach another workspace. */
export function createTerminalApi(slug: string, http: HttpOptions): TerminalApi {
  const root = `${workspacePath(slug)}/terminal`
  const one = (id: TerminalId) => `${root}/${encodeURIComponent(id)}`
  const get = <S extends z.ZodType>(path: string, schema: S, o?: CallOptions) =>
    requestJson(http, { method: 'GET', path, signal: o?.signal }, schema)
  return {
    list: async (o) => (await get(root, ListSchema, o)).terminals,
    create: (terminal, o) => {
      const body: CreateTerminal = CreateTerminalSchema.parse(terminal)
      return requestJson(http, { method: 'POST', path: root, body, signal: o?.signal }, TerminalViewSchema)
    },
    get: (id, o) => get(one(id), TerminalViewSchema, o),
    attachCommand: async (id, o) => (await get(`${one(id)}/attach-command`, AttachCommandSchema, o)).command,
    directory: ({ id, agent_session_id: session }, o) =>
      get(`${one(id)}/directory${session ? `?agent_session_id=${session}` : ''}`, TerminalDirectorySchema, o),
    rename: (id, title, o) => {
      const body: UpdateTerminal = { title }
      return requestJson(http, { method: 'PATCH', path: one(id), body, signal: o?.signal }, TerminalViewSchema)
    },
    close: async (id, force, o) => {
      await request(http, { method: 'DELETE', path: `${one(id)}${force ? '?force=1' : ''}`, signal: o?.signal })
    },
    reopen: (id, o) =>
      requestJson(http, { method: 'POST', path: `${one(id)}/reopen`, signal: o?.signal }, TerminalViewSchema),
    snapshot: async (id, o) => {
      const query = new URLSearchParams({ format: o?.format ?? 'text' })
      if (o?.scrollback !== undefined) query.set('scrollback', String(o.scrollback))
      const { response } = await request(http, {
        method: 'GET',
        path: `${one(id)}/snapshot?${query.toString()}`,
        signal: o?.signal,
      })
      try {
        return await response.text()
      } catch (cause) {
        o?.signal?.throwIfAborted()
        throw networkError(cause)
      }
    },
    programs: async (o) => (await get(`${root}/programs`, ProgramsSchema, o)).programs,
    tmux: async (o) => (await get(`${root}/tmux`, TmuxSchema, o)).sessions,
  }
}
