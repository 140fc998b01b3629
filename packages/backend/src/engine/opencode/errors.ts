import { ERROR_CODES, type ErrorCode } from '@pilot/domain/errors'
import type { AgentError } from '@pilot/protocol/agent/model'
import { codeOfTag } from '../../model/failure.ts'
import type { WireError } from './wire.ts'

/** An error as a person reads it. */
export function agentError(code: ErrorCode, message?: string): AgentError {
  return { code, message: message ?? ERROR_CODES[code].message, retryable: ERROR_CODES[code].retryable }
}

/** True when a person stopped the turn: no failure. */
export function isAbort(error: WireError): boolean {
  return error.name === 'MessageAbortedError'
}

/**
 * Names OpenCode's error. The model endpoint puts a tag into the error body, or in brackets before the text when
 * the answer had begun already; everything else is told apart by name and status.
 */
export function translateError(error: WireError): AgentError {
  const message = error.data?.message ?? ''
  const named = fromBody(error.data?.responseBody) ?? fromText(message)
  if (named) return agentError(named.code, named.message)
  switch (error.name) {
    case 'ProviderAuthError':
      return agentError('MODEL_REFUSED')
    case 'ContextOverflowError':
      return agentError('PAYLOAD_TOO_LARGE', 'The conversation is too long for this model. Start a new session.')
    case 'MessageOutputLengthError':
      return agentError('MODEL_UNAVAILABLE', 'The answer was longer than the model may write. Ask for a smaller step.')
    case 'ContentFilterError':
      return agentError('MODEL_UNAVAILABLE', 'The model provider withheld the answer (content filter).')
    case 'APIError': {
      const status = error.data?.statusCode
      if (status === 401 || status === 403) return agentError('MODEL_REFUSED')
      if (status === 429) return agentError('RATE_LIMITED', 'The model provider asks to slow down. Wait a moment.')
      return agentError('MODEL_UNAVAILABLE')
    }
    default:
      if (/model not found|ProviderModelNotFound/i.test(`${error.name} ${message}`)) {
        return agentError('MODEL_REFUSED', 'The model is not known. Choose another one in the model settings.')
      }
      return agentError('MODEL_UNAVAILABLE', 'The turn failed inside the coding agent. Send the prompt again.')
  }
}

interface NamedError {
  code: ErrorCode
  message: string
}

function fromBody(body: string | undefined): NamedError | null {
  if (!body) return null
  try {
    const parsed: unknown = JSON.parse(body)
    if (typeof parsed !== 'object' || parsed === null || !('error' in parsed)) return null
    const { error } = parsed
    if (typeof error !== 'object' || error === null || !('code' in error) || !('message' in error)) return null
    if (typeof error.code !== 'string' || typeof error.message !== 'string') return null
    const code = codeOfTag(error.code)
    return code ? { code, message: error.message } : null
  } catch {
    return null
  }
}

/** An error inside a stream arrives as text, or as the JSON of the whole error object. */
function fromText(text: string): NamedError | null {
  const [, tag, message] = /^\[(pilot:[a-z-]+)\] ([\s\S]+)/.exec(messageIn(text)) ?? []
  const code = tag ? codeOfTag(tag) : undefined
  return code && message ? { code, message } : null
}

function messageIn(text: string): string {
  if (!text.startsWith('{')) return text
  try {
    const parsed: unknown = JSON.parse(text)
    if (typeof parsed !== 'object' || parsed === null || !('message' in parsed)) return text
    return typeof parsed.message === 'string' ? parsed.message : text
  } catch {
    return text
  }
}
