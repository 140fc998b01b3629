import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { createServer, request as httpsRequest, type Server } from 'node:https'
import { connect } from 'node:net'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DESKTOP, launchBrowser, watchedPage } from '../support/browser.ts'
import { freePort, type RunningPilot, startPilot } from '../support/pilot.ts'
import { makeRepository, scratchDirectory, sendPrompt, signIn, startSession } from '../support/steps.ts'

const PREFIX = '/pilot'

/** A reverse proxy with TLS, as small as it can be: every request and every upgrade goes to one port. */
async function startProxy(tls: { key: Buffer; cert: Buffer }, port: number, target: number, strip: boolean) {
  const pathOf = (url = '/') => (strip && url.startsWith(PREFIX) ? url.slice(PREFIX.length) || '/' : url)
  const headersOf = (request: IncomingMessage) => ({
    ...request.headers,
    'x-forwarded-proto': 'https',
    'x-forwarded-for': request.socket.remoteAddress ?? '',
  })
  const sockets = new Set<Duplex>()
  const server: Server = createServer(tls, (request, response) => {
    const forwarded = httpRequest(
      {
        port: target,
        host: '127.0.0.1',
        method: request.method,
        path: pathOf(request.url),
        headers: headersOf(request),
      },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.rawHeaders)
        answer.pipe(response)
      },
    )
    forwarded.on('error', () => response.destroy())
    response.on('close', () => forwarded.destroy())
    request.pipe(forwarded)
  })
  server.on('upgrade', (request, socket, head) => {
    const upstream = connect(target, '127.0.0.1', () => {
      const lines = Object.entries(headersOf(request)).map(([name, value]) => `${name}: ${String(value)}`)
      upstream.write(`GET ${pathOf(request.url)} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`)
      upstream.write(head)
      upstream.pipe(socket).pipe(upstream)
    })
    const close = () => {
      upstream.destroy()
      socket.destroy()
    }
    upstream.on('error', close).on('close', close)
    socket.on('error', close).on('close', close)
  })
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  return async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  }
}

describe.each([
  { way: 'that takes the prefix off', strip: true },
  { way: 'that leaves the prefix in place', strip: false },
])('under a sub-path behind a proxy with TLS $way', ({ strip }) => {
  const scratch = scratchDirectory()
  let pilot: RunningPilot
  let browser: Browser
  let origin: string
  let stopProxy: (() => Promise<void>) | undefined

  beforeAll(async () => {
    const [key, cert] = [join(scratch.path, 'key.pem'), join(scratch.path, 'cert.pem')]
    const made = spawnSync('openssl', [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
      ...['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-keyout', key, '-out', cert],
    ])
    if (made.status !== 0) throw new Error(`openssl: ${made.stderr.toString()}`)
    const port = await freePort()
    origin = `https://localhost:${port}`
    pilot = await startPilot({
      workspace: makeRepository(join(scratch.path, 'shop')),
      baseUrl: `${origin}${PREFIX}/`,
    })
    stopProxy = await startProxy({ key: readFileSync(key), cert: readFileSync(cert) }, port, pilot.port, strip)
    browser = await launchBrowser()
  })
  afterAll(async () => {
    await browser?.close()
    await stopProxy?.()
    await pilot?.stop()
    scratch.remove()
  })

  it('signs in, runs a session and survives a reload of its deep link', async () => {
    const context = await browser.newContext({ viewport: DESKTOP, ignoreHTTPSErrors: true })
    const { page, problems } = await watchedPage(context)
    expect(pilot.link.startsWith(`${origin}${PREFIX}/login`)).toBe(true)
    const outside: string[] = []
    page.on('request', (request) => {
      if (!request.url().startsWith(`${origin}${PREFIX}/`)) outside.push(request.url())
    })
    const workspaceUrl = await signIn(page, pilot.link, 'shop')
    expect(workspaceUrl.startsWith(`${origin}${PREFIX}/shop-`)).toBe(true)
    const address = await startSession(page, workspaceUrl, 'Hello\n@say It works behind a proxy.')
    expect(address.startsWith(`${workspaceUrl}/s/`)).toBe(true)
    await page.getByText('It works behind a proxy.', { exact: true }).waitFor({ timeout: 60_000 })
    await page.reload()
    await page.getByText('It works behind a proxy.', { exact: true }).waitFor()
    await page.getByText(/^Live/).first().waitFor()
    await sendPrompt(page, 'Once more\n@slow 40 20')
    await page
      .getByText(/w38 w39/)
      .first()
      .waitFor({ timeout: 60_000 })

    const cookies = await context.cookies(origin)
    expect(cookies.filter(({ name }) => /pilot/.test(name))).toEqual([
      expect.objectContaining({ name: '__Host-pilot', secure: true, httpOnly: true, sameSite: 'Strict', path: '/' }),
    ])
    expect(outside).toEqual([])
    expect(problems).toEqual([])
    expect((await page.goto(`${origin}${PREFIX}/no-such-place`))?.status()).toBe(404)
    await context.close()
  })

  it('refuses a foreign Origin on an upgrade and a forged Host', async () => {
    const context = await browser.newContext({ ignoreHTTPSErrors: true })
    const page = await context.newPage()
    const workspaceUrl = await signIn(page, await pilot.newLink(), 'shop')
    const slug = workspaceUrl.slice(workspaceUrl.lastIndexOf('/') + 1)
    const [cookie] = (await context.cookies(origin)).filter(({ name }) => name === '__Host-pilot')
    await context.close()

    /** The status of an upgrade of the workspace's link. */
    const upgrade = (headers: Record<string, string>) =>
      new Promise<number>((resolve, reject) => {
        const request = httpsRequest(`${origin}${PREFIX}/api/chamber/workspaces/${slug}/ws`, {
          rejectUnauthorized: false,
          headers: {
            connection: 'Upgrade',
            upgrade: 'websocket',
            'sec-websocket-version': '13',
            'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
            'sec-websocket-protocol': 'ws.1',
            cookie: `__Host-pilot=${cookie?.value}`,
            ...headers,
          },
        })
        request.on('response', (response) => {
          response.resume()
          resolve(response.statusCode ?? 0)
        })
        request.on('upgrade', (_, socket) => {
          socket.destroy()
          resolve(101)
        })
        request.on('error', reject)
        request.end()
      })
    expect(await upgrade({ origin })).toBe(101)
    expect(await upgrade({ origin: 'https://evil.example' })).toBe(403)
    expect(await upgrade({})).toBe(403)

    const status = (headers: Record<string, string>) =>
      new Promise<number>((resolve, reject) => {
        httpRequest({ port: pilot.port, host: '127.0.0.1', path: `${PREFIX}/login`, headers }, (response) => {
          response.resume()
          resolve(response.statusCode ?? 0)
        })
          .on('error', reject)
          .end()
      })
    expect(await status({ host: new URL(origin).host })).toBe(200)
    expect(await status({ host: 'evil.example' })).toBeGreaterThanOrEqual(400)
  })
})
