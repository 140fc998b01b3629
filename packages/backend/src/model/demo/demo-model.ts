import { setTimeout as delay } from 'node:timers/promises'
import type { Upstream } from '../upstream.ts'
import { type DemoConversation, readConversation } from './conversation.ts'
import { firstStep, scenarioFor } from './scenarios.ts'
import { scriptStep } from './script.ts'
import type { DemoStep } from './step.ts'

/**
 * The built-in model that needs no key: it answers in the same format as a provider, from a fixed script, so that the
 * real agent does real work. `wordDelayMs` (default 18) makes its streaming visible.
 */
export function createDemoModel(options: { wordDelayMs?: number } = {}): Upstream {
  const wordDelayMs = options.wordDelayMs ?? 18
  return async (request, signal) => {
    const step = nextStep(readConversation(request))
    if (step.type === 'error') {
      const headers = step.status === 429 ? { 'retry-after': '1' } : undefined
      return Response.json({ error: { message: step.message } }, { status: step.status, headers })
    }
    const iterator = chunks(step, step.word_delay_ms ?? wordDelayMs, signal)
    const encoder = new TextEncoder()
    const body = new ReadableStream<Uint8Array>({
      async pull(controller) {
        const next = await iterator.next()
        if (next.done) controller.close()
        else controller.enqueue(encoder.encode(`data: ${next.value}\n\n`))
      },
      async cancel() {
        await iterator.return(undefined)
      },
    })
    return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
  }
}

function nextStep(conversation: DemoConversation): DemoStep {
  if (conversation.kind === 'title') return { type: 'answer', text: titleOf(conversation.prompt) }
  if (conversation.kind === 'compaction') {
    return { type: 'answer', text: '## Summary\n\nThe demo conversation so far, compacted.' }
  }
  return (
    scriptStep(conversation) ??
    (conversation.turns.length === 0 ? firstStep() : scenarioFor(conversation)(conversation))
  )
}

/** The title request quotes the prompt as its last message. */
function titleOf(prompt: string): string {
  const words = prompt
    .replace(/^@\w+\s*/, '')
    .replace(/[^\p{L}\p{N}\s'-]/gu, ' ')
    .trim()
    .split(/\s+/)
    .slice(0, 6)
    .join(' ')
  return words === '' ? 'Demo session' : words.charAt(0).toUpperCase() + words.slice(1, 60)
}

async function* chunks(
  step: Extract<DemoStep, { type: 'answer' }>,
  wordDelayMs: number,
  signal: AbortSignal,
): AsyncGenerator<string, void, undefined> {
  const chunk = (delta: Record<string, unknown>, finish: string | null = null) =>
    JSON.stringify({
      id: 'chatcmpl-demo',
      object: 'chat.completion.chunk',
      created: Math.floor(Date.now() / 1000),
      model: 'demo',
      choices: [{ index: 0, delta, finish_reason: finish }],
    })
  yield chunk({ role: 'assistant', content: '' })
  if (step.fault === 'garbage') {
    yield '<html>this is no chat completion</html>'
    return
  }
  if (step.reasoning) yield chunk({ reasoning_content: step.reasoning })
  let words = 0
  for (const word of (step.text ?? '').match(/\S+\s*|\s+/g) ?? []) {
    yield chunk({ content: word })
    words++
    if (wordDelayMs > 0) await delay(wordDelayMs, undefined, { signal })
  }
  if (step.fault === 'cut') throw new Error('scripted cut')
  if (step.fault === 'hang') await delay(2 ** 31 - 1, undefined, { signal })
  for (const [index, call] of (step.calls ?? []).entries()) {
    const id = `call_${crypto.randomUUID().replaceAll('-', '').slice(0, 20)}`
    yield chunk({ tool_calls: [{ index, id, type: 'function', function: { name: call.name, arguments: '' } }] })
    yield chunk({ tool_calls: [{ index, function: { arguments: JSON.stringify(call.args) } }] })
  }
  yield chunk({}, step.calls?.length ? 'tool_calls' : 'stop')
  yield JSON.stringify({
    id: 'chatcmpl-demo',
    object: 'chat.completion.chunk',
    choices: [],
    usage: { prompt_tokens: 100, completion_tokens: words, total_tokens: 100 + words },
  })
  yield '[DONE]'
}
