import type { ChatRequest } from './chat.ts'
import type { ModelConfig } from './config.ts'

/** Where a chat completion is answered: a provider over HTTP, or the demo model inside this process. */
export type Upstream = (request: ChatRequest, signal: AbortSignal) => Promise<Response>

/** Forwards to the configured provider with the real key and the real model name. */
export function createHttpUpstream(config: ModelConfig, fetchImpl: typeof fetch): Upstream {
  return (request, signal) => {
    const headers: Record<string, string> = { 'content-type': 'application/json', accept: 'text/event-stream' }
    if (config.api_key) headers.authorization = `Bearer ${config.api_key}`
    if (config.provider === 'openrouter') headers['x-title'] = 'Pilot'
    return fetchImpl(`${config.base_url}/chat/completions`, {
      method: 'POST',
      headers,
      body: JSON.stringify(requestFor(config, request)),
      signal,
      // A redirect could carry the key to another host.
      redirect: 'error',
    })
  }
}

function requestFor(config: ModelConfig, request: ChatRequest): ChatRequest {
  const model = request.model.endsWith('small') ? (config.small_model ?? config.model) : config.model
  const { max_tokens: maxTokens, ...rest } = request
  if (maxTokens === undefined) return { ...rest, model }
  // OpenAI's newer models take the limit only under its new name.
  return config.provider === 'openai'
    ? { ...rest, model, max_completion_tokens: maxTokens }
    : { ...rest, model, max_tokens: maxTokens }
}
