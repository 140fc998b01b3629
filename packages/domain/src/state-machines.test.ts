import { describe, expect, it } from 'vitest'
import { canTransition, STATE_MACHINES, type StatefulField, statesBefore, transition } from './state-machines.ts'

const fields = Object.keys(STATE_MACHINES) as StatefulField[]
const START: Record<StatefulField, string[]> = {
  'machine.state': ['started'],
  'machine.phase': ['none'],
  'runtime.status': ['enrolled'],
  'workspace.status': ['creating'],
  'agent_session.status': ['creating'],
  'command.state': ['accepted'],
  'worktree.state': ['creating'],
  'terminal.state': ['starting'],
  'repo_clone.state': ['absent'],
  'invitation.state': ['pending'],
  'runtime_enrollment.state': ['pending'],
}

describe('state machines', () => {
  it.each(fields)('%s: every state is reached from its start, none follows itself', (field) => {
    const machine: Record<string, readonly string[]> = STATE_MACHINES[field]
    const reached = new Set(START[field])
    for (const state of reached) for (const next of machine[state] ?? []) reached.add(next)
    expect([...reached].sort()).toEqual(Object.keys(machine).sort())
    for (const [state, next] of Object.entries(machine)) expect(next).not.toContain(state)
  })

  it.each([
    ['runtime.status', 'revoked', 'online'],
    ['workspace.status', 'reassigning', 'deleting'],
    ['workspace.status', 'deleted', 'ready'],
    ['agent_session.status', 'busy', 'archived'],
    ['command.state', 'done', 'running'],
    ['terminal.state', 'ended', 'running'],
    ['invitation.state', 'used', 'pending'],
  ] as const)('%s refuses %s -> %s', (field, from, to) => {
    expect(canTransition(field, from as never, to as never)).toBe(false)
    expect(() => transition(field, from as never, to as never)).toThrow(
      expect.objectContaining({ code: 'CONFLICT', details: { field, from, to } }),
    )
  })

  it('gives the next state, and the states before one', () => {
    expect(transition('workspace.status', 'creating', 'ready')).toBe('ready')
    expect(transition('terminal.state', 'lost', 'running')).toBe('running')
    expect(statesBefore('workspace.status', 'ready').sort()).toEqual(['archived', 'creating', 'reassigning'])
    expect(statesBefore('runtime.status', 'revoked').sort()).toEqual(['enrolled', 'offline', 'online'])
  })
})
