import type { ErrorCode } from '@pilot/domain/errors'

/**
 * Why the model gave no answer, as the engine and then the user hear it.
 *
 * OpenCode retries whatever looks temporary to it, by status and by certain words ("rate limit", "timed out", "5xx" …).
 * So a final failure is always sent as status 400 with a sentence free of such words, and a temporary one as 429 or 503.
 */
export interface ModelFailure {
  code: ErrorCode
  message: string
  /** False: the same request cannot succeed, whatever time passes. */
  temporary: boolean
  /** Seconds that the provider asked to wait. */
  retry_after: number | null
}

/** Longer waits than this are not sat out silently: the user is told instead. */
const MAX_RETRY_AFTER_S = 120

const REFUSED: ModelFailure = {
  code: 'MODEL_REFUSED',
  message: 'The model provider refused the key. Enter another one in the model settings.',
  temporary: false,
  retry_after: null,
}

/** Failure of an HTTP answer that is not 200. `detail` is the provider's own text, already free of the key. */
export function failureOfStatus(
  status: number,
  detail: string,
  retryAfter: string | null,
  model: string,
): ModelFailure {
  if (status === 401 || status === 403) return REFUSED
  if (status === 402 || /insufficient_quota|insufficient credit|billing/i.test(detail)) {
    return {
      ...REFUSED,
      message: 'The account at the model provider has no credit left. Top it up or use another key.',
    }
  }
  if (status === 404 || /model.{0,60}(not found|does not exist|not a valid)|unknown model|no endpoints/i.test(detail)) {
    const message = `The model provider does not know the model "${model}". Choose another one in the model settings.`
    return { ...REFUSED, message }
  }
  if (isContextOverflow(detail)) {
    // These words make OpenCode compact the conversation and go on by itself.
    const message = 'The conversation exceeds the context window of this model.'
    return { code: 'PAYLOAD_TOO_LARGE', message, temporary: false, retry_after: null }
  }
  if (status === 429) return rateLimited(retryAfter)
  if (status === 408 || status >= 500) return unavailable(`The model provider has a problem (HTTP ${status}).`)
  const said = detail === '' ? '' : ` It said: ${detail}`
  return {
    code: 'MODEL_UNAVAILABLE',
    message: `The model provider did not accept the request (HTTP ${status}).${said}`,
    temporary: false,
    retry_after: null,
  }
}

/** The provider cannot be reached, or keeps silent. */
export function unavailable(message: string): ModelFailure {
  return { code: 'MODEL_UNAVAILABLE', message, temporary: true, retry_after: null }
}

export const GARBAGE: ModelFailure = unavailable('The model provider sent an answer that cannot be understood.')
/** Waited for long enough already, so it is not tried again. */
export const SILENT: ModelFailure = { ...unavailable('The model provider does not answer.'), temporary: false }
export const UNREACHABLE: ModelFailure = unavailable('The model provider cannot be reached from this machine.')
/** Part of the answer is already shown, so it is not asked for again in silence. */
export const BROKEN_OFF: ModelFailure = {
  ...unavailable('The answer of the model broke off in the middle. Send the prompt again.'),
  temporary: false,
}

/** The same failure after too many attempts: final, and free of the words that OpenCode retries on. */
export function givenUp(failure: ModelFailure): ModelFailure {
  const message =
    failure.code === 'RATE_LIMITED'
      ? 'The model provider allows no more requests at the moment. Wait a few minutes, then send the prompt again.'
      : 'The model provider gave no usable answer after several attempts. Send the prompt again, or choose another model.'
  return { ...failure, message, temporary: false, retry_after: null }
}

/**
 * How a failure's code is written into the answer. The codes themselves hold words that OpenCode retries on
 * ("unavailable", "rate_limit"), so these stand for them.
 */
const TAGS = new Map<ErrorCode, string>([
  ['MODEL_REFUSED', 'pilot:refused'],
  ['MODEL_UNAVAILABLE', 'pilot:no-answer'],
  ['RATE_LIMITED', 'pilot:slow-down'],
  ['PAYLOAD_TOO_LARGE', 'pilot:too-long'],
])

/** The code that a tag in an error of OpenCode stands for; undefined for foreign text. */
export function codeOfTag(tag: string): ErrorCode | undefined {
  return [...TAGS].find(([, value]) => value === tag)?.[0]
}

/** The HTTP answer that tells OpenCode of a failure. */
export function failureResponse(failure: ModelFailure): Response {
  const status = failure.temporary ? (failure.code === 'RATE_LIMITED' ? 429 : 503) : 400
  const headers = failure.retry_after === null ? undefined : { 'retry-after': String(failure.retry_after) }
  return Response.json({ error: errorObject(failure) }, { status, headers })
}

/** The same inside a stream that has begun; the tag stands in the text because OpenCode keeps nothing else. */
export function failureEvent(failure: ModelFailure): string {
  const error = { ...errorObject(failure), message: `[${TAGS.get(failure.code) ?? ''}] ${failure.message}` }
  return `data: ${JSON.stringify({ error })}\n\n`
}

function errorObject(failure: ModelFailure): { message: string; type: string; code: string } {
  return { message: failure.message, type: 'pilot_model', code: TAGS.get(failure.code) ?? '' }
}

function rateLimited(retryAfter: string | null): ModelFailure {
  const seconds = parseRetryAfter(retryAfter)
  const failure: ModelFailure = {
    code: 'RATE_LIMITED',
    message: 'The model provider asks to slow down (rate limit).',
    temporary: true,
    retry_after: seconds,
  }
  return seconds !== null && seconds > MAX_RETRY_AFTER_S ? givenUp(failure) : failure
}

/** Seconds of a Retry-After header in either of its two forms. */
function parseRetryAfter(value: string | null): number | null {
  if (value === null || value.trim() === '') return null
  const seconds = Number(value)
  if (Number.isFinite(seconds)) return Math.max(0, Math.ceil(seconds))
  const at = Date.parse(value)
  return Number.isNaN(at) ? null : Math.max(0, Math.ceil((at - Date.now()) / 1000))
}

function isContextOverflow(detail: string): boolean {
  return /context.{0,20}(length|window)|prompt is too long|maximum.{0,20}tokens|too many tokens/i.test(detail)
}
