import type { Todo } from '@pilot/protocol/agent/model'
import { Check, Minus } from 'lucide-react'
import { memo } from 'react'
import { cn } from '../primitives/cn.ts'

const WORDS: Record<Todo['status'], string> = {
  pending: 'To do',
  in_progress: 'In progress',
  completed: 'Done',
  cancelled: 'Dropped',
}

/** What the agent plans to do, and how far it is. */
export const TodoCard = memo(function TodoCard({ todos }: { todos: readonly Todo[] }) {
  const done = todos.filter((todo) => todo.status === 'completed').length
  const left = todos.filter((todo) => todo.status !== 'cancelled').length
  return (
    <section aria-label={`Plan: ${done} of ${left} done`} className="rounded-md border border-line px-3.5 py-2.5">
      <ul className="grid gap-1.5 text-sm">
        {todos.map((todo) => (
          <li
            key={`${todo.content}/${todo.priority}`}
            className={cn(
              'flex items-start gap-2',
              (todo.status === 'completed' || todo.status === 'cancelled') && 'text-text-3 line-through',
              todo.status === 'pending' && 'text-text-2',
            )}
          >
            <Box status={todo.status} />
            <span className="sr-only">{WORDS[todo.status]}: </span>
            {todo.content}
          </li>
        ))}
      </ul>
    </section>
  )
})

function Box({ status }: { status: Todo['status'] }) {
  return (
    <span
      aria-hidden="true"
      className={cn(
        'mt-[3px] grid size-3.5 shrink-0 place-items-center rounded-xs border-[1.5px]',
        status === 'completed' ? 'border-good bg-good text-surface' : null,
        status === 'in_progress' ? 'border-work' : null,
        status === 'pending' || status === 'cancelled' ? 'border-line-strong' : null,
      )}
    >
      {status === 'completed' ? <Check className="size-2.5" strokeWidth={4} /> : null}
      {status === 'in_progress' ? <span className="size-1.5 rounded-[2px] bg-work" /> : null}
      {status === 'cancelled' ? <Minus className="size-2.5" /> : null}
    </span>
  )
}
