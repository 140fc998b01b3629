import { newId } from '@pilot/domain/ids'
import { type Figure, main, paired } from './support/figures.ts'
import { type Target, throughput } from './support/load.ts'
import { openCodeClient, supervisedOpenCode } from './support/opencode.ts'
import { pilotWithWorkspace } from './support/pilot.ts'
import { scoped, until } from './support/program.ts'

const ROUNDS = 9
const MESSAGES = 16
const TEXT = 'All work and no play makes an answer long. '.repeat(24_000)

/** A large answer of OpenCode (the messages of a long session) through Pilot beside the same call to the same OpenCode. */
export async function run(): Promise<Figure[]> {
  return scoped(async (scope) => {
    const { home, client } = await pilotWithWorkspace(scope)
    const id = newId('agent_session')
    await client.json('POST', '/sessions', { id, title: 'bench' })
    const command = { id: newId('command'), session_id: id, kind: 'prompt', text: 'Say it\n@say ready' }
    await client.json('POST', `/sessions/${id}/commands`, command)
    await until('the answer', async () => {
      const { state } = await client.json<{ state: string }>('GET', `/sessions/${id}/commands/${command.id}`)
      return state === 'done'
    })
    const [session] = await client.json<{ id: string; directory: string }[]>('GET', '/session')
    if (!session) throw new Error('OpenCode has no session')
    const direct = openCodeClient(await supervisedOpenCode(home))
    const path = `/session/${session.id}/message`
    for (let index = 0; index < MESSAGES; index++) {
      await direct.json('POST', path, session.directory, { noReply: true, parts: [{ type: 'text', text: TEXT }] })
    }
    const through: Target = { url: `${client.base}${path}`, headers: { cookie: client.cookie } }
    const beside: Target = {
      url: direct.url(path, session.directory),
      headers: { authorization: direct.headers.authorization },
    }
    const bytes = (await (await fetch(beside.url, { headers: beside.headers })).arrayBuffer()).byteLength
    const speed: [number, number][] = []
    for (let round = 0; round < ROUNDS; round++) {
      const early = round % 2 === 0 ? await throughput(through, bytes) : null
      const other = await throughput(beside, bytes)
      speed.push([early ?? (await throughput(through, bytes)), other])
    }
    const aim = { text: 'at least × 0.5', met: ({ ratio }: { ratio: number }) => ratio >= 0.5 }
    const name = `answer of ${(bytes / 1e6).toFixed(0)} MB from OpenCode`
    return [paired({ bench: 'answer', name, unit: 'MB/s', reference: 'direct', aim }, speed)]
  })
}

if (import.meta.main) await main(run)
