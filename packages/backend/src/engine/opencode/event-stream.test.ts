import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { EventLog, removeDirectory, tempDirectory, until } from '../test-support.ts'
import { createOpenCodeEngine, type OpenCodeEngine } from './opencode-engine.ts'

/** A stand-in for OpenCode whose event stream breaks on request. */
const PROGRAM = `
const { createServer } = require('node:http')
const streams = new Set()
const send = (stream, payload, directory) => stream.write('data: ' + JSON.stringify({ directory, payload }) + '\\n\\n')
const server = createServer((request, response) => {
  const { pathname } = new URL(request.url, 'http://x')
  if (pathname === '/global/event') {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    streams.add(response)
    return send(response, { type: 'server.connected', properties: {} })
  }
  if (pathname === '/session' ) {
    response.writeHead(200, { 'content-type': 'text/html' })
    return response.end('<html>')
  }
  if (pathname === '/instance/dispose') {
    for (const stream of streams) {
      send(stream, { type: 'plugin.added', properties: {} }, '/w')
      send(stream, { type: 'sync', properties: {} }, '/w')
      send(stream, { type: 'session.status', properties: { sessionID: 'ses_1', status: { type: 'busy' } } }, '/w')
      send(stream, { type: 'session.status', properties: { nonsense: true } }, '/w')
      stream.end()
    }
    streams.clear()
  }
  response.writeHead(200, { 'content-type': 'application/json' })
  response.end(JSON.stringify({ healthy: true, version: '1.18.33' }))
}).listen(0, '127.0.0.1', () => console.log('opencode server listening on http://127.0.0.1:' + server.address().port))
`

let directory: string
let engine: OpenCodeEngine
let log: EventLog

beforeEach(async () => {
  directory = tempDirectory('pilot-stream')
  const path = join(directory, 'program')
  writeFileSync(path, `#!${process.execPath}\n${PROGRAM}`)
  chmodSync(path, 0o755)
  engine = createOpenCodeEngine({
    root: join(directory, 'engine'),
    model: { url: 'http://127.0.0.1:1', token: 't' },
    binary: { path, version: '1.18.33' },
  })
  log = new EventLog()
  engine.subscribe(log.push)
  await engine.ensureStarted()
})

afterEach(async () => {
  await engine.stop({ keep: false })
  removeDirectory(directory)
})

describe('event stream', { timeout: 120_000 }, () => {
  test('says that events may be missing after it broke, and drops what means nothing', async () => {
    const raw: string[] = []
    engine.subscribeRaw((event) => raw.push(event.payload.type))
    await engine.disposeDirectory('/w')
    await until('gap', () => log.all('gap').length === 1)
    expect(log.events.map((event) => event.type)).toEqual(['up', 'run', 'gap'])
    expect(raw).toEqual(['plugin.added', 'sync', 'session.status', 'session.status'])
    await engine.disposeDirectory('/w')
    await until('second gap', () => log.all('gap').length === 2)
    expect(engine.health().status).toBe('ok')
  })

  test('a page instead of an answer is an error', async () => {
    await expect(engine.findSession('r', '/w')).rejects.toMatchObject({ code: 'AGENT_UNAVAILABLE' })
  })

  test('a listener that throws costs nobody an event', async () => {
    engine.subscribe(() => {
      throw new Error('bad listener')
    })
    const other = new EventLog()
    engine.subscribe(other.push)
    await engine.disposeDirectory('/w')
    await until('gap', () => other.all('gap').length === 1)
  })
})
