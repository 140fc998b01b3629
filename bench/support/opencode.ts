import { type ChildProcess, spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { findBinary } from '@pilot/backend/engine/opencode/binary'
import { authorization } from '@pilot/backend/engine/opencode/client'
import { readEngineRecord } from '@pilot/backend/engine/opencode/record'
import { engineEnv, prepareRoot } from '@pilot/backend/engine/opencode/root'
import { endProcess } from './pilot.ts'
import { until } from './program.ts'

/** A running OpenCode and what opens it. */
export interface DirectOpenCode {
  origin: string
  authorization: string
}

/** The OpenCode that the runtime of a PILOT_HOME has started. */
export async function supervisedOpenCode(home: string): Promise<DirectOpenCode> {
  const instances = join(home, 'runtime', 'instances')
  return until('a running OpenCode', async () => {
    const [instance = ''] = readdirSync(instances)
    const record = await readEngineRecord(join(instances, instance, 'engine'))
    if (!record?.port) return null
    const { port } = record
    return { origin: `http://127.0.0.1:${port}`, authorization: authorization({ ...record, port }) }
  })
}

/** Starts `opencode serve` with the settings of the product and measures until it says that it listens. */
export async function startOpenCode(directory: string): Promise<{ listeningMs: number; stop: () => Promise<void> }> {
  // Nothing is asked of a model.
  await prepareRoot(
    directory,
    { url: 'http://127.0.0.1:9', token: 'none' },
    { name: 'Bench', email: 'bench@example.com' },
  )
  const { path } = await findBinary(process.env)
  const began = performance.now()
  const child: ChildProcess = spawn(path, ['serve', '--hostname', '127.0.0.1', '--port', '0'], {
    cwd: directory,
    env: engineEnv(directory, 'bench', process.env),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  let listeningMs: number | null = null
  const collect = (data: Buffer) => {
    output += data.toString()
    if (listeningMs === null && output.includes('listening on http://')) listeningMs = performance.now() - began
  }
  child.stdout?.on('data', collect)
  child.stderr?.on('data', collect)
  const stop = () => endProcess(child)
  try {
    const ms = await until('OpenCode to listen', () => {
      if (child.exitCode !== null) throw new Error(`OpenCode ended:\n${output}`)
      return listeningMs
    })
    return { listeningMs: ms, stop }
  } catch (cause) {
    await stop()
    throw cause
  }
}

/** An event of OpenCode's own stream, as far as these programs look into it. */
export interface OpenCodeEvent {
  type: string
  properties: {
    sessionID?: string
    info?: { id: string; role: string; sessionID: string }
    part?: { type: string; text?: string; messageID: string; sessionID: string }
    messageID?: string
    field?: string
    delta?: string
    status?: { type: string }
  }
}

/** A direct client of OpenCode: what its own web application does. */
export function openCodeClient(server: DirectOpenCode) {
  const headers = { authorization: server.authorization, 'content-type': 'application/json' }
  const url = (path: string, directory: string) => {
    const target = new URL(path, server.origin)
    target.searchParams.set('directory', directory)
    return target.href
  }
  return {
    headers,
    url,
    async json<T>(method: string, path: string, directory: string, body?: unknown): Promise<T | null> {
      const init = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) }
      const response = await fetch(url(path, directory), init)
      const text = await response.text()
      if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`)
      return text === '' ? null : (JSON.parse(text) as T)
    },
    /** Opens the events of a directory; resolves once they flow. */
    async events(directory: string, listener: (event: OpenCodeEvent) => void): Promise<{ close: () => void }> {
      const controller = new AbortController()
      const response = await fetch(url('/event', directory), { headers, signal: controller.signal })
      if (!response.body) throw new Error('no event stream')
      const reader = response.body.getReader()
      const decoder = new TextDecoder()
      let buffer = ''
      const take = (chunk: Uint8Array) => {
        buffer += decoder.decode(chunk, { stream: true })
        const blocks = buffer.split('\n\n')
        buffer = blocks.pop() ?? ''
        for (const block of blocks) if (block.startsWith('data:')) listener(JSON.parse(block.slice(5)) as OpenCodeEvent)
      }
      const first = await reader.read()
      if (first.value) take(first.value)
      const pump = async () => {
        for (;;) {
          const { done, value } = await reader.read()
          if (done) return
          take(value)
        }
      }
      // It ends with the abort of `close`, which is no failure.
      pump().catch(() => undefined)
      return { close: () => controller.abort() }
    },
  }
}
export type OpenCodeClient = ReturnType<typeof openCodeClient>
