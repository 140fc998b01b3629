import type { Question } from '@pilot/protocol/agent/model'
import { useId, useState } from 'react'
import { Button } from '../primitives/button.tsx'
import { Input } from '../primitives/field.tsx'
import { DecisionFrame } from './decision-frame.tsx'

interface QuestionCardProps {
  question: Question
  position: string | null
  answer: 'none' | 'sending' | 'waiting'
  /** One list of chosen labels or free text per item; undefined declines to answer. */
  onAnswer: (answers: string[][] | undefined) => void
}

interface Choice {
  labels: string[]
  custom: string
}

/** Asks what the agent wants to know: one or several questions, each with options and perhaps free text. */
export function QuestionCard({ question, position, answer, onAnswer }: QuestionCardProps) {
  const [choices, setChoices] = useState<Choice[]>(() => question.items.map(() => ({ labels: [], custom: '' })))
  const answers = choices.map(({ labels, custom }) => (custom.trim() === '' ? labels : [...labels, custom.trim()]))
  const complete = answers.every((list) => list.length > 0)
  const busy = answer !== 'none'
  const change = (index: number, next: Choice) => setChoices(choices.with(index, next))
  return (
    <DecisionFrame label="Question" askedAt={question.asked_at} place={position}>
      <form
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault()
          if (complete && !busy) onAnswer(answers)
        }}
      >
        {question.items.map((item, index) => (
          <Item
            key={index}
            item={item}
            choice={choices[index] ?? { labels: [], custom: '' }}
            onChange={(next) => change(index, next)}
          />
        ))}
        <div className="flex flex-wrap items-center gap-2 max-md:grid max-md:[&>button]:h-11">
          <Button type="submit" variant="primary" disabled={!complete || busy} busy={answer === 'sending'}>
            Answer
          </Button>
          <Button variant="quiet" disabled={busy} onClick={() => onAnswer(undefined)} className="md:ml-auto">
            Do not answer
          </Button>
        </div>
        {answer === 'waiting' ? (
          <p role="status" className="text-text-2 text-xs">
            Your answer is kept here and goes out as soon as the machine is reachable.
          </p>
        ) : null}
      </form>
    </DecisionFrame>
  )
}

interface ItemProps {
  item: Question['items'][number]
  choice: Choice
  onChange: (next: Choice) => void
}

function Item({ item, choice, onChange }: ItemProps) {
  const id = useId()
  const toggle = (label: string, on: boolean) => {
    if (!item.multiple) return onChange({ labels: on ? [label] : [], custom: '' })
    const labels = choice.labels.filter((other) => other !== label)
    onChange({ ...choice, labels: on ? [...labels, label] : labels })
  }
  return (
    <fieldset className="grid gap-2">
      <legend className="mb-1.5 grid gap-0.5">
        {item.header === '' ? null : <span className="text-text-3 text-xs">{item.header}</span>}
        <span className="font-medium">{item.question}</span>
      </legend>
      {item.options.map((option) => (
        <label
          key={option.label}
          className="flex min-h-9 cursor-pointer items-start gap-2.5 rounded-sm border border-line bg-surface px-3 py-2 has-checked:border-accent has-checked:bg-accent-soft touch:min-h-11"
        >
          <input
            type={item.multiple ? 'checkbox' : 'radio'}
            name={id}
            className="mt-1 accent-(--accent)"
            checked={choice.labels.includes(option.label)}
            onChange={(event) => toggle(option.label, event.target.checked)}
          />
          <span className="grid">
            <span className="text-sm">{option.label}</span>
            {option.description === '' ? null : <span className="text-text-2 text-xs">{option.description}</span>}
          </span>
        </label>
      ))}
      {item.custom ? (
        <Input
          aria-label={item.options.length > 0 ? 'Something else' : item.question}
          placeholder={item.options.length > 0 ? 'Something else' : 'Your answer'}
          maxLength={4_000}
          value={choice.custom}
          onChange={(event) => onChange({ labels: item.multiple ? choice.labels : [], custom: event.target.value })}
        />
      ) : null}
    </fieldset>
  )
}
