/** One answer of the demo model. */
export type DemoStep =
  | {
      type: 'answer'
      text?: string
      reasoning?: string
      calls?: DemoCall[]
      word_delay_ms?: number
      fault?: 'hang' | 'cut' | 'garbage'
    }
  | { type: 'error'; status: number; message: string }

export interface DemoCall {
  name: string
  args: Record<string, unknown>
}

/** An answer of text alone ends the turn; with calls the agent runs them and asks again. */
export function answer(text: string, ...calls: DemoCall[]): DemoStep {
  return { type: 'answer', text, calls }
}

/** The sentence that ends every answer, so that nobody takes the demo for a real model. */
export const DEMO_NOTICE =
  '_This is the **demo model**: a fixed script that drives the real coding agent. Add a model key in the settings to work on your own tasks._'

export function todos(...items: [content: string, status: 'pending' | 'in_progress' | 'completed'][]): DemoCall {
  return {
    name: 'todowrite',
    args: { todos: items.map(([content, status]) => ({ content, status, priority: 'medium' })) },
  }
}
