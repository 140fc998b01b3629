import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { afterEach, describe, expect, test } from 'vitest'
import { DEMO_MODEL, type ModelConfig } from './config.ts'
import { createModelEndpoint, type ModelEndpointOptions } from './endpoint.ts'
import { serveLoopback } from './serve.ts'

const KEY = 'sk-secret-of-the-test'
const servers: Server[] = []

afterEach(async () => {
  await Promise.all(
    servers.splice(0).map(
      (server) =>
        new Promise((resolve) => {
          server.close(resolve)
          server.closeAllConnections()
        }),
    ),
  )
})

interface Seen {
  headers: IncomingMessage['headers']
  body: Record<string, unknown>
  path: string
}

/** A provider that answers as a test says; `seen` holds what reached it. */
async function provider(answer: (response: ServerResponse, call: number) => void) {
  const seen: Seen[] = []
  const server = createServer((request, response) => {
    let text = ''
    request.on('data', (chunk) => {
      text += chunk
    })
    request.on('end', () => {
      seen.push({ headers: request.headers, body: JSON.parse(text), path: request.url ?? '' })
      answer(response, seen.length)
    })
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return { seen, base: `http://127.0.0.1:${address.port}/v1` }
}

function config(base: string, more: Partial<ModelConfig> = {}): ModelConfig {
  const fixed = { provider: 'custom', model: 'real-model', small_model: 'real-small', label: 'Test' } as const
  return { ...fixed, base_url: base, api_key: KEY, ...more }
}

function endpointFor(base: string, more: Partial<ModelEndpointOptions> = {}) {
  return createModelEndpoint({ model: config(base), limits: { first: 300, idle: 300 }, ...more })
}

type Endpoint = ReturnType<typeof createModelEndpoint>

function ask(endpoint: Endpoint, more: { token?: string; signal?: AbortSignal; model?: string } = {}) {
  return endpoint.fetch(
    new Request('http://127.0.0.1/v1/chat/completions', {
      method: 'POST',
      headers: {
        authorization: `Bearer ${more.token ?? endpoint.token}`,
        'content-type': 'application/json',
        'x-session-id': 'ses_1',
      },
      body: JSON.stringify({
        model: more.model ?? 'main',
        stream: true,
        max_tokens: 10,
        messages: [{ role: 'user', content: 'hi' }],
      }),
      ...(more.signal ? { signal: more.signal } : {}),
    }),
  )
}

const chunk = (delta: unknown, finish: string | null = null) =>
  `data: ${JSON.stringify({ id: 'x', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`
const begin = (response: ServerResponse) => response.writeHead(200, { 'content-type': 'text/event-stream' })
const complete = (response: ServerResponse) => {
  begin(response)
  response.write(chunk({ role: 'assistant', content: '' }))
  response.write(chunk({ content: 'hello' }))
  response.end(`${chunk({}, 'stop')}data: [DONE]\n\n`)
}

describe('model endpoint', () => {
  test('passes an answer through, with the real key and model', async () => {
    const upstream = await provider(complete)
    const lines: string[] = []
    const endpoint = endpointFor(upstream.base, { log: (entry) => lines.push(JSON.stringify(entry)) })
    const response = await ask(endpoint)
    expect(response.status).toBe(200)
    const text = await response.text()
    expect(text).toBe(
      `${chunk({ role: 'assistant', content: '' })}${chunk({ content: 'hello' })}${chunk({}, 'stop')}data: [DONE]\n\n`,
    )
    expect(upstream.seen[0]).toMatchObject({
      path: '/v1/chat/completions',
      headers: { authorization: `Bearer ${KEY}` },
      body: { model: 'real-model', max_tokens: 10, stream: true },
    })
    expect(JSON.stringify(upstream.seen[0])).not.toContain(endpoint.token)
    expect(lines.join()).toContain('"outcome":"ok"')
    expect(lines.join()).not.toContain(KEY)
    await (await ask(endpoint, { model: 'small' })).text()
    expect(upstream.seen[1]?.body.model).toBe('real-small')
  })

  test('refuses everybody without the token', async () => {
    const upstream = await provider(complete)
    const endpoint = endpointFor(upstream.base)
    for (const token of ['', 'wrong', `${endpoint.token}x`]) {
      expect((await ask(endpoint, { token })).status).toBe(401)
    }
    expect(upstream.seen).toEqual([])
  })

  test('changes the model between two requests', async () => {
    const first = await provider(complete)
    const second = await provider(complete)
    const endpoint = endpointFor(first.base)
    await (await ask(endpoint)).text()
    endpoint.setModel(config(second.base, { provider: 'openai', model: 'other' }))
    expect(endpoint.model()).toEqual({ provider: 'openai', model: 'other', label: 'Test', demo: false })
    await (await ask(endpoint)).text()
    expect([first.seen.length, second.seen.length]).toEqual([1, 1])
    expect(second.seen[0]?.body).toMatchObject({ model: 'other', max_completion_tokens: 10 })
    expect(second.seen[0]?.body).not.toHaveProperty('max_tokens')
    endpoint.setModel(DEMO_MODEL)
    expect(endpoint.model().demo).toBe(true)
  })

  test.each([
    [401, '', 400, 'pilot:refused'],
    [403, '', 400, 'pilot:refused'],
    [404, '', 400, 'pilot:refused'],
    [400, 'bad', 400, 'pilot:no-answer'],
    [429, '', 429, 'pilot:slow-down'],
    [500, '', 503, 'pilot:no-answer'],
    [529, '', 503, 'pilot:no-answer'],
  ])('maps HTTP %i (%s) to %i %s', async (status, message, expected, code) => {
    const upstream = await provider((response) => {
      response.writeHead(status, { 'content-type': 'application/json', 'retry-after': '3' })
      response.end(JSON.stringify({ error: { message: `${message} key ${KEY}` } }))
    })
    const response = await ask(endpointFor(upstream.base))
    const text = await response.text()
    expect(response.status).toBe(expected)
    expect(JSON.parse(text)).toMatchObject({ error: { code } })
    expect(text).not.toContain(KEY)
    expect(response.headers.get('retry-after')).toBe(status === 429 ? '3' : null)
  })

  test('ends a turn after four temporary failures in a row, and counts from the start after a success', async () => {
    let broken = true
    const upstream = await provider((response) => {
      if (!broken) return complete(response)
      response.writeHead(503).end()
    })
    const endpoint = endpointFor(upstream.base)
    const statuses = async (count: number) => {
      const all: number[] = []
      for (let index = 0; index < count; index++) {
        const response = await ask(endpoint)
        all.push(response.status)
        await response.text()
      }
      return all
    }
    expect(await statuses(5)).toEqual([503, 503, 503, 400, 503])
    broken = false
    expect(await statuses(1)).toEqual([200])
    broken = true
    expect(await statuses(4)).toEqual([503, 503, 503, 400])
  })

  test('an unreachable provider is a temporary failure', async () => {
    const upstream = await provider(complete)
    await new Promise((resolve) => servers.splice(0)[0]?.close(resolve))
    const response = await ask(endpointFor(upstream.base))
    expect(response.status).toBe(503)
    expect(await response.text()).toContain('cannot be reached')
  })

  test('a redirect is not followed with the key', async () => {
    const other = await provider(complete)
    const upstream = await provider((response) => {
      response.writeHead(307, { location: `${other.base}/chat/completions` }).end()
    })
    expect((await ask(endpointFor(upstream.base))).status).toBe(503)
    expect(other.seen).toEqual([])
  })

  test.each([
    ['silence before the headers', () => undefined],
    ['silence after the headers', (response: ServerResponse) => void begin(response).flushHeaders()],
  ])('%s ends in time', async (_, answer) => {
    const upstream = await provider(answer)
    const response = await ask(endpointFor(upstream.base))
    expect(response.status).toBe(400)
    expect(await response.text()).toContain('does not answer')
  })

  test.each([
    [
      'a page',
      (response: ServerResponse) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<html>'),
    ],
    ['broken JSON', (response: ServerResponse) => void begin(response).end('data: {oops\n\n')],
    ['an empty stream', (response: ServerResponse) => void begin(response).end()],
    ['another shape', (response: ServerResponse) => void begin(response).end('data: {"choices":"none"}\n\n')],
  ])('garbage is told as such: %s', async (_, answer) => {
    const upstream = await provider(answer)
    const response = await ask(endpointFor(upstream.base))
    expect([400, 503]).toContain(response.status)
    expect(JSON.parse(await response.text())).toMatchObject({ error: { code: 'pilot:no-answer' } })
  })

  test.each([
    ['a cut', (response: ServerResponse) => void setTimeout(() => response.destroy(), 20)],
    ['an early end', (response: ServerResponse) => void response.end()],
    ['silence', () => undefined],
    [
      'an error of the provider',
      (response: ServerResponse) => void response.end('data: {"error":{"message":"x"}}\n\n'),
    ],
    ['garbage', (response: ServerResponse) => void response.end('data: nonsense\n\n')],
  ])('%s in the middle ends the answer with an error, never as a complete one', async (_, then) => {
    const upstream = await provider((response) => {
      begin(response)
      response.write(chunk({ content: 'par' }))
      then(response)
    })
    const response = await ask(endpointFor(upstream.base))
    expect(response.status).toBe(200)
    const text = await response.text()
    expect(text).toMatch(/^data: .*"par"/)
    expect(text).toContain('[pilot:no-answer]')
    expect(text).not.toContain('[DONE]')
  })

  test('hanging up ends the call to the provider, through a real server as well', async () => {
    let closed: () => void = () => undefined
    const upstreamClosed = new Promise<void>((resolve) => {
      closed = resolve
    })
    const upstream = await provider((response) => {
      begin(response)
      response.write(chunk({ content: 'first' }))
      response.on('close', closed)
    })
    const endpoint = endpointFor(upstream.base, { limits: { first: 5_000, idle: 5_000 } })
    const server = await serveLoopback(endpoint.fetch)
    try {
      const controller = new AbortController()
      const response = await fetch(`${server.url}/v1/chat/completions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${endpoint.token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ model: 'main', stream: true, messages: [] }),
        signal: controller.signal,
      })
      await response.body?.getReader().read()
      controller.abort()
      await upstreamClosed
    } finally {
      await server.close()
    }
  })

  test('refuses what is no streaming chat completion', async () => {
    const endpoint = endpointFor('http://127.0.0.1:9/v1')
    const response = await endpoint.fetch(
      new Request('http://127.0.0.1/v1/chat/completions', {
        method: 'POST',
        headers: { authorization: `Bearer ${endpoint.token}` },
        body: '{"model":"main","messages":[]}',
      }),
    )
    expect(response.status).toBe(400)
  })
})
