import { errorBody, PilotError } from '@pilot/domain/errors'
import { newId } from '@pilot/domain/ids'
import { describe, expect, it } from 'vitest'
import { PilotClientError } from '../errors.ts'
import { createGatewayClient } from './client.ts'

interface Sent {
  url: URL
  init: RequestInit
}

function clientOf(respond: (sent: Sent) => Response | Promise<Response>, baseUrl = '') {
  const sent: Sent[] = []
  const client = createGatewayClient({
    baseUrl,
    fetch: async (input, init) => {
      const request = { url: new URL(input, 'http://host'), init }
      sent.push(request)
      return respond(request)
    },
  })
  return { client, sent }
}

const json = (body: unknown, status = 200) =>
  Response.json(body, { status, headers: { 'x-pilot-request-id': 'req_given' } })
const organization = { id: newId('organization'), name: 'Acme', slug: 'acme', role: 'owner', created_at: '2026-01-01' }
const caught = async (promise: Promise<unknown>) => {
  const cause: unknown = await promise.then(
    () => null,
    (error: unknown) => error,
  )
  expect(cause).toBeInstanceOf(PilotClientError)
  return cause as PilotClientError
}
const refusal = (error: PilotError) => {
  const { status, body } = errorBody(error, 'req_12345678')
  return json(
    [{ error: { message: body.error.message, code: -32_603, data: { ...body.error, httpStatus: status } } }],
    status,
  )
}

describe('createGatewayClient', () => {
  it('sends the calls of one tick together, below the base path, with our headers', async () => {
    const { client, sent } = clientOf(
      () => json([{ result: { data: [organization] } }, { result: { data: organization } }]),
      '/pilot',
    )
    const answers = await Promise.all([
      client.query('organization.list', undefined),
      client.query('organization.get', { organization_slug: 'acme' }),
    ])
    expect(answers).toEqual([[organization], organization])
    expect(sent).toHaveLength(1)
    expect(sent[0]!.url.pathname).toBe('/pilot/api/trpc/organization.list,organization.get')
    const headers = new Headers(sent[0]!.init.headers)
    expect(headers.get('x-pilot-csrf')).toBe('1')
    expect(headers.get('x-pilot-request-id')).toMatch(/^[A-Za-z0-9_-]{8,80}$/)
  })

  it('gives the code, sentence and request id of a refusal', async () => {
    const { client } = clientOf(() => refusal(new PilotError('SLUG_TAKEN', 'Taken.')))
    const error = await caught(client.mutate('organization.create', { name: 'Acme' }))
    expect(error).toMatchObject({ code: 'SLUG_TAKEN', message: 'Taken.', request_id: 'req_12345678', retryable: false })
  })

  it('reads refusals from before the procedures', async () => {
    const { client } = clientOf(() => json(errorBody(new PilotError('ORIGIN_REFUSED'), 'req_12345678').body, 403))
    expect(await caught(client.query('organization.list', undefined))).toMatchObject({
      code: 'ORIGIN_REFUSED',
      request_id: 'req_12345678',
    })
  })

  it('calls a lost connection and a proxy without a server NETWORK, which may be tried again', async () => {
    const dead = clientOf(() => Promise.reject(new TypeError('failed')))
    expect(await caught(dead.client.query('organization.list', undefined))).toMatchObject({
      code: 'NETWORK',
      retryable: true,
    })
    const proxy = clientOf(() => new Response('<h1>Bad gateway</h1>', { status: 502 }))
    expect(await caught(proxy.client.query('organization.list', undefined))).toMatchObject({ code: 'NETWORK' })
  })

  it('calls an answer that breaks the contract BAD_ANSWER', async () => {
    const { client } = clientOf(() => json([{ result: { data: [{ ...organization, role: 'king' }] } }]))
    expect(await caught(client.query('organization.list', undefined))).toMatchObject({ code: 'BAD_ANSWER' })
    const page = clientOf(() => new Response('<html>', { status: 200 }))
    expect(await caught(page.client.query('organization.list', undefined))).toMatchObject({ code: 'BAD_ANSWER' })
  })

  it('rejects an aborted call with the reason of its signal', async () => {
    const abort = new AbortController()
    const { client } = clientOf(
      ({ init }) =>
        new Promise((_, reject) => init.signal?.addEventListener('abort', () => reject(init.signal?.reason as Error))),
    )
    const pending = client.query('organization.list', undefined, { signal: abort.signal })
    abort.abort(new Error('left the page'))
    await expect(pending).rejects.toThrow('left the page')
  })
})
