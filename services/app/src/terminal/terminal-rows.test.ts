import { newId } from '@pilot/domain/ids'
import type { ListedTerminal } from '@pilot/frontend/terminal/fold-terminals'
import type { TerminalStatus } from '@pilot/protocol/terminal/model'
import { describe, expect, it } from 'vitest'
import { busyWith, terminalRows } from './terminal-rows.ts'

const view = (fields: Partial<ListedTerminal> = {}): ListedTerminal => ({
  live: null,
  label: '',
  id: newId('terminal'),
  workspace_id: newId('workspace'),
  agent_session_id: null,
  title: '',
  command_kind: 'shell',
  cwd: '',
  cols: 80,
  rows: 24,
  state: 'running',
  exit_code: null,
  mode: 'shared',
  source: 'host',
  last_activity_at: '2026-01-01T00:00:00.000Z',
  created_at: '2026-01-01T00:00:00.000Z',
  created_by: null,
  ...fields,
})
const status = (of: ListedTerminal, fields: Partial<TerminalStatus> = {}): TerminalStatus => ({
  terminal_id: of.id,
  epoch: 'e',
  state: 'running',
  exit_code: null,
  reason: null,
  title: '',
  process: '',
  cols: 80,
  rows: 24,
  end_offset: 0,
  mode: 'shared',
  holder: null,
  ...fields,
})

describe('terminalRows', () => {
  it('keeps the order of opening, and names what runs', () => {
    const late = view({ created_at: '2026-02-01T00:00:00.000Z' })
    const early = view({ title: 'dev server', state: 'ended', exit_code: 1 })
    const rows = terminalRows([late, { ...early, live: status(early, { process: 'node' }) }])
    expect(rows.map(({ id }) => id)).toEqual([early.id, late.id])
    expect(rows[0]).toMatchObject({ title: 'dev server', running: '', kind: 'failed', word: 'Ended with code 1' })
    expect(rows[1]).toMatchObject({ title: 'Shell', kind: 'good' })
  })
})

describe('terminalRows of a machine that is away', () => {
  it('claims nothing that nobody knows', () => {
    const [row] = terminalRows([view()], true)
    expect(row).toMatchObject({ kind: 'unknown', word: 'Running when last heard' })
  })
})

describe('busyWith', () => {
  it('names a program, not a waiting shell', () => {
    const of = view()
    const busy = (process: string) => busyWith({ state: 'running', status: status(of, { process }) })
    for (const shell of ['bash', 'zsh', '-zsh', 'fish', 'sh', '']) expect(busy(shell)).toBeNull()
    expect(busy('vim')).toBe('vim')
    expect(busyWith({ state: 'ended', status: status(of, { process: 'vim' }) })).toBeNull()
  })
})
