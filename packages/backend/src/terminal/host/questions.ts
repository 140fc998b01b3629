import type { Clock } from '@pilot/protocol/link/clock'

/** What a program asks its terminal: its kind twice, whether it is well, where the cursor is, how a mode is set. */
export type Question = 'kind' | 'kind2' | 'well' | 'cursor' | 'mode'

/** What an answer looks like when it is typed. */
const ANSWERS: Record<Question, RegExp> = {
  kind: /\x1b\[\?[\d;]*c/,
  kind2: /\x1b\[>[\d;]*c/,
  well: /\x1b\[0n/,
  cursor: /\x1b\[\??\d+;\d+R/,
  mode: /\x1b\[\??\d+;\d\$y/,
}
/** What a tab would say: the same emulator for all of them. */
export const KIND = '\x1b[?1;2c'
export const KIND2 = '\x1b[>0;276;0c'
export const WELL = '\x1b[0n'

/** A tab that has the focus answers within this time, unless its link is slow. */
const TAB_MS = 1_000
/** An answer that comes later than this is not one to the same question any more. */
const LATE_MS = 30_000
/** A place of the cursor looks like a function key with Shift, which must not be taken for it for long. */
const LATE_CURSOR_MS = 3_000
const WAITING_MAX = 64
const latin1 = new TextDecoder('latin1')

/** Two tabs with the focus answer about the same time: what the other one says within this is one too many. */
const SECOND_MS = 3_000

interface Waiting {
  question: Question
  cancel: () => void
}

export interface QuestionsOptions {
  clock: Clock
  /** Whether a tab shows the terminal, and may answer. */
  watched(): boolean
  /** Types an answer. */
  answer(text: string): void
}

/**
 * Sees to it that a question has one answer. With nobody there it is given here at once. Otherwise a tab may give it: one
 * that has the focus does, and another one's is left out; when none has, it is given here after a moment, and a tab's that
 * comes later is left out.
 */
export class Questions {
  readonly #options: QuestionsOptions
  readonly #waiting: Waiting[] = []
  /** Until when an answer of a tab is one too many, oldest first. */
  readonly #surplus = new Map<Question, number[]>()
  /** Whose answer was the first, and until when another one's is one too many. */
  readonly #first = new Map<Question, { writer: string; until: number }>()

  constructor(options: QuestionsOptions) {
    this.#options = options
  }

  /** `answer` is null for what is not known here: then only a tab can tell. */
  asked(question: Question, answer: string | null): void {
    if (!this.#options.watched()) {
      if (answer !== null) this.#options.answer(answer)
      return
    }
    const entry: Waiting = {
      question,
      cancel: this.#options.clock.after(answer === null ? LATE_CURSOR_MS : TAB_MS, () => {
        this.#waiting.splice(this.#waiting.indexOf(entry), 1)
        if (answer === null) return
        this.answeredElsewhere(question)
        this.#options.answer(answer)
      }),
    }
    this.#waiting.push(entry)
    if (this.#waiting.length > WAITING_MAX) this.#waiting.shift()?.cancel()
  }

  /** Somebody else has answered, or does so always: what a tab says to it is one too many. */
  answeredElsewhere(question: Question): void {
    const until = this.#options.clock.now() + (question === 'cursor' ? LATE_CURSOR_MS : LATE_MS)
    this.#surplus.set(question, [...(this.#surplus.get(question) ?? []).slice(1 - WAITING_MAX), until])
  }

  /** Takes notice of the answers in what a writer types. Returns where those are that are one too many. */
  superfluous(bytes: Uint8Array, writer: string): { from: number; to: number }[] {
    const idle = this.#waiting.length === 0 && this.#surplus.size === 0 && this.#first.size === 0
    if (idle || !bytes.includes(0x1b)) return []
    const text = latin1.decode(bytes)
    const found = (Object.keys(ANSWERS) as Question[]).flatMap((question) =>
      [...text.matchAll(new RegExp(ANSWERS[question], 'g'))].map(({ index, 0: match }) => ({
        ...{ question, from: index, to: index + match.length },
      })),
    )
    return found
      .toSorted((one, other) => one.from - other.from)
      .filter(({ question }) => this.#isSuperfluous(question, writer))
  }

  dispose(): void {
    for (const { cancel } of this.#waiting.splice(0)) cancel()
  }

  #isSuperfluous(question: Question, writer: string): boolean {
    const now = this.#options.clock.now()
    const late = (this.#surplus.get(question) ?? []).filter((until) => until > now)
    const dropped = late.shift() !== undefined
    if (late.length > 0) this.#surplus.set(question, late)
    else this.#surplus.delete(question)
    if (dropped) return true
    const first = this.#first.get(question)
    if (first && first.until <= now) this.#first.delete(question)
    const index = this.#waiting.findIndex((entry) => entry.question === question)
    if (index < 0) return first !== undefined && first.until > now && first.writer !== writer
    this.#waiting.splice(index, 1)[0]?.cancel()
    this.#first.set(question, { writer, until: now + SECOND_MS })
    return false
  }
}
