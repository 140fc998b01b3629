import { describe, expect, test } from 'vitest'
import {
  BROKEN_OFF,
  codeOfTag,
  failureEvent,
  failureOfStatus,
  failureResponse,
  GARBAGE,
  givenUp,
  SILENT,
  UNREACHABLE,
} from './failure.ts'

/** The words on which OpenCode 1.18.33 retries, whatever the status. */
const RETRIED = [
  /429|500|502|503|504|524/i,
  /rate increased too quickly|rate limit|rate-limit|rate_limit|too many requests/i,
  /overloaded|service unavailable|service_unavailable|service-unavailable|internal error|internal_error|internal server error|server error|server_error|server-error|provider returned error|provider_returned_error|provider-returned-error/i,
  /terminated|fetch failed|failed to fetch|network[-_\s]error|upstream connect|connection error|connection refused|connection lost|socket connection was closed|socket hang up|reset before headers|getaddrinfo|enotfound|eai_again|econnrefused|econnreset|etimedout/i,
  /^timeout$|\b(?:request|response|connection|network|stream|read) (?:timeout|timed out|time out)\b/i,
  /try your request again|retry your request|resource exhausted|resource_exhausted/i,
  /\btry again (?:later|in\b)|\b(?:currently|temporarily) at capacity\b/i,
  /too_many_requests|exhausted|unavailable/i,
]

describe('model failures', () => {
  const final = [
    failureOfStatus(401, '', null, 'm'),
    failureOfStatus(403, 'forbidden', null, 'm'),
    failureOfStatus(402, '', null, 'm'),
    failureOfStatus(404, '', null, 'm'),
    failureOfStatus(400, 'strange', null, 'm'),
    failureOfStatus(400, 'maximum context length is 8192 tokens', null, 'm'),
    failureOfStatus(429, '', '86400', 'm'),
    SILENT,
    BROKEN_OFF,
    givenUp(GARBAGE),
    givenUp(UNREACHABLE),
    givenUp(failureOfStatus(503, '', null, 'm')),
    givenUp(failureOfStatus(429, '', null, 'm')),
  ]

  test.each(final)('a final one is not retried by OpenCode: $message', async (failure) => {
    expect(failure.temporary).toBe(false)
    const response = failureResponse(failure)
    expect(response.status).toBe(400)
    const body = await response.text()
    for (const pattern of RETRIED) {
      expect(body).not.toMatch(pattern)
      expect(failureEvent(failure)).not.toMatch(pattern)
    }
  })

  test('names its code in the body and in the stream', async () => {
    const failure = failureOfStatus(401, '', null, 'm')
    const body: unknown = await failureResponse(failure).json()
    expect(body).toMatchObject({ error: { code: 'pilot:refused', message: failure.message } })
    expect(codeOfTag('pilot:refused')).toBe('MODEL_REFUSED')
    expect(failureEvent(failure)).toContain('[pilot:refused] ')
  })

  test('a temporary one keeps the wait that the provider asked for, unless it is long', () => {
    const soon = failureResponse(failureOfStatus(429, '', '7', 'm'))
    expect([soon.status, soon.headers.get('retry-after')]).toEqual([429, '7'])
    expect(failureResponse(failureOfStatus(503, '', null, 'm')).status).toBe(503)
    expect(failureOfStatus(429, '', '3600', 'm').temporary).toBe(false)
  })

  test('tells no credit, unknown models and long conversations apart', () => {
    expect(failureOfStatus(429, 'You exceeded your quota (insufficient_quota)', null, 'm').code).toBe('MODEL_REFUSED')
    expect(failureOfStatus(400, 'model: claude-x not found', null, 'm').message).toContain('"m"')
    expect(failureOfStatus(400, 'prompt is too long: 210000 tokens', null, 'm').code).toBe('PAYLOAD_TOO_LARGE')
  })
})
