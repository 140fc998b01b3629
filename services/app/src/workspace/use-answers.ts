import type { PermissionReply } from '@pilot/chamber-ui/chat/permission-card.tsx'
import { toast } from '@pilot/chamber-ui/primitives/toaster.tsx'
import { newId } from '@pilot/domain/ids'
import type { OutboxRecord } from '@pilot/frontend/commands/outbox-record'
import type { CommandId, SessionId } from '@pilot/frontend/runtime/runtime-apis'
import type { SessionState } from '@pilot/protocol/agent/fold'
import { useEffect, useState } from 'react'
import type { WorkspaceClient } from './workspace-client.ts'

/** Where this browser's answer to a request stands. */
export type AnswerState = 'none' | 'sending' | 'waiting'

/** Answers permissions and questions through the outbox, and knows which ones are answered here already. */
export function useAnswers(
  client: WorkspaceClient,
  sessionId: SessionId,
  state: SessionState,
  records: readonly OutboxRecord[],
) {
  /** Command of the answer by the id of what it answers. */
  const [answers, setAnswers] = useState<ReadonlyMap<string, CommandId>>(new Map())
  const remember = (asked: string, command: CommandId) => setAnswers((known) => new Map(known).set(asked, command))

  const stateOf = (asked: string): AnswerState => {
    const record = records.find(({ request }) => {
      if (request.kind === 'permission') return request.permission_id === asked
      return request.kind === 'question' && request.question_id === asked
    })
    if (record) return record.state === 'refused' ? 'none' : record.state === 'waiting' ? 'waiting' : 'sending'
    const id = answers.get(asked)
    if (id === undefined) return 'none'
    const command = state.commands.find((known) => known.id === id)
    return command && (command.state === 'failed' || command.state === 'interrupted' || command.state === 'unknown')
      ? 'none'
      : 'sending'
  }

  // A refused answer was not taken: it is said once, and the card can be used again.
  useEffect(() => {
    for (const record of records) {
      const { kind, id } = record.request
      if (record.state !== 'refused' || kind === 'prompt' || kind === 'create') continue
      toast.error(kind === 'abort' ? 'It could not be stopped.' : 'The answer was not taken.', {
        description: record.error?.message ?? '',
      })
      client.outbox.cancel(id)
      setAnswers((known) => new Map([...known].filter(([, command]) => command !== id)))
    }
  }, [records, client])

  return {
    stateOf,
    reply: (permission: string, reply: PermissionReply, message?: string) => {
      const id = newId('command')
      remember(permission, id)
      client.outbox.add({
        kind: 'permission',
        id,
        session_id: sessionId,
        permission_id: permission,
        reply,
        ...(message === undefined ? {} : { message }),
      })
    },
    answer: (question: string, given: string[][] | undefined) => {
      const id = newId('command')
      remember(question, id)
      client.outbox.add({
        kind: 'question',
        id,
        session_id: sessionId,
        question_id: question,
        ...(given ? { answers: given } : {}),
      })
    },
    /** True for what was answered in this tab. */
    isMine: (asked: string) => answers.has(asked),
  }
}
