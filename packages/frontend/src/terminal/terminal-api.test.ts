import { newId } from '@pilot/domain/ids'
import type { TerminalStateMessage } from '@pilot/protocol/messages/terminal-state'
import type { TerminalStatus } from '@pilot/protocol/terminal/model'
import type { TerminalView } from '@pilot/protocol/terminal/rest'
import { describe, expect, it } from 'vitest'
import { foldTerminals, type LiveTerminals, noteTerminal } from './fold-terminals.ts'
import { createTerminalApi } from './terminal-api.ts'

const TIME = '2026-03-02T09:00:00Z'
const view = (change: Partial<TerminalView> = {}): TerminalView => ({
  id: newId('terminal'),
  workspace_id: newId('workspace'),
  agent_session_id: null,
  title: '',
  command_kind: 'shell',
  cwd: '/src',
  cols: 80,
  rows: 24,
  state: 'running',
  exit_code: null,
  mode: 'shared',
  source: 'host',
  last_activity_at: TIME,
  created_at: TIME,
  created_by: null,
  ...change,
})

function setUp(answer: () => Response) {
  const calls: { url: string; init: RequestInit }[] = []
  const api = createTerminalApi('web-shop', {
    baseUrl: '/pilot',
    fetch: async (url, init) => {
      calls.push({ url, init })
      return answer()
    },
  })
  return { api, calls }
}

describe('terminal API', () => {
  it('lists, makes, renames, ends and opens again below the workspace', async () => {
    const one = view()
    const list = setUp(() => Response.json({ terminals: [one] }))
    expect(await list.api.list()).toEqual([one])
    const { api, calls } = setUp(() => Response.json(one))
    await api.create({ id: one.id, cols: 100, rows: 30 })
    await api.get(one.id)
    await api.rename(one.id, 'build')
    await api.reopen(one.id)
    const gone = setUp(() => new Response(null, { status: 204 }))
    await gone.api.close(one.id, false)
    await gone.api.close(one.id, true)
    const root = '/pilot/api/chamber/workspaces/web-shop/terminal'
    expect([...list.calls, ...calls, ...gone.calls].map(({ url, init }) => `${init.method} ${url}`)).toEqual([
      `GET ${root}`,
      `POST ${root}`,
      `GET ${root}/${one.id}`,
      `PATCH ${root}/${one.id}`,
      `POST ${root}/${one.id}/reopen`,
      `DELETE ${root}/${one.id}`,
      `DELETE ${root}/${one.id}?force=1`,
    ])
    expect(JSON.parse(String(calls[0]?.init.body))).toMatchObject({ id: one.id, launch: { kind: 'shell' }, cols: 100 })
    expect(new Headers(calls[0]?.init.headers).get('x-pilot-csrf')).toBe('1')
  })

  it('reads snapshot, programs and tmux sessions from the machine, and names what went wrong', async () => {
    const id = newId('terminal')
    const text = setUp(() => new Response('$ ls'))
    expect(await text.api.snapshot(id, { format: 'ansi', scrollback: 500 })).toBe('$ ls')
    expect(text.calls[0]?.url).toMatch(/\/snapshot\?format=ansi&scrollback=500$/)
    expect(await setUp(() => Response.json({ programs: [] })).api.programs()).toEqual([])
    const tmux = { name: 'main', windows: 2, attached: false }
    expect(await setUp(() => Response.json({ sessions: [tmux] })).api.tmux()).toEqual([tmux])
    const error = { code: 'CONFLICT', message: 'it goes on', request_id: newId('request'), retryable: false }
    await expect(setUp(() => Response.json({ error }, { status: 409 })).api.close(id, false)).rejects.toMatchObject({
      code: 'CONFLICT',
    })
    await expect(setUp(() => Response.json({ terminals: 1 })).api.list()).rejects.toMatchObject({ code: 'BAD_ANSWER' })
  })
})

describe('terminal list', () => {
  const status = (id: TerminalView['id'], change: Partial<TerminalStatus> = {}): TerminalStatus => ({
    terminal_id: id,
    epoch: 'e1',
    state: 'running',
    exit_code: null,
    reason: null,
    title: '',
    process: 'vim',
    cols: 90,
    rows: 20,
    end_offset: 5,
    mode: 'exclusive',
    holder: null,
    ...change,
  })
  const said = (terminal: TerminalStatus, at: number, closed = false, live: LiveTerminals = new Map()) => {
    const message: TerminalStateMessage = { schema_version: '1', type: 'terminal.state', terminal, closed, bell: false }
    return noteTerminal(live, message, at)
  }

  it('shows what the machine said after the rows were read, and the rows where they know more', () => {
    const row = view()
    const fold = (rows: TerminalView[], live: LiveTerminals) => foldTerminals(rows, 100, live)
    const ended = status(row.id, { state: 'ended', exit_code: 2, title: 'notes' })
    expect(fold([row], new Map()).terminals[0]).toMatchObject({ state: 'running', live: null, label: '' })
    expect(fold([row], said(ended, 150)).terminals[0]).toMatchObject({
      state: 'ended',
      exit_code: 2,
      cols: 90,
      mode: 'exclusive',
      label: 'notes',
    })
    expect(fold([row], said(status(row.id), 50)).terminals[0]).toMatchObject({ cols: 80, label: 'vim' })
    const lost = { ...row, state: 'lost' as const, title: 'mine' }
    expect(fold([lost], said(status(row.id), 50)).terminals[0]).toMatchObject({
      state: 'lost',
      live: null,
      label: 'mine',
    })
    expect(fold([lost], said(status(row.id), 150)).terminals[0]).toMatchObject({ state: 'running' })
    expect(fold([row], said(status(row.id), 150, true)).terminals).toEqual([])
    expect(fold([row], said(status(row.id), 50, true)).terminals).toHaveLength(1)
    expect(fold([view({ state: 'archived' })], new Map()).terminals).toEqual([])
  })

  it('says when the rows lack one', () => {
    const id = newId('terminal')
    expect(foldTerminals([], 100, said(status(id), 150)).unknown).toBe(true)
    expect(foldTerminals([], 100, said(status(id), 150, true)).unknown).toBe(false)
    expect(foldTerminals([], 100, said(status(id), 50)).unknown).toBe(false)
  })
})
