import { Agent } from 'node:http'
import { newId } from '@pilot/domain/ids'
import { type Figure, main, paired, quantile } from './support/figures.ts'
import { ask, load, type Target } from './support/load.ts'
import { openCodeClient, supervisedOpenCode } from './support/opencode.ts'
import { type Client, pilotWithWorkspace } from './support/pilot.ts'
import { scoped, until } from './support/program.ts'

const ROUNDS = 5
const WARM_UP = 300
const CALM_COUNT = 60
const PAUSE_MS = 10
/** Connections, and requests of a round. */
const BUSY = [
  [1, 200],
  [16, 800],
] as const

/** A small GET through gateway, link and runtime beside the same GET sent to the same OpenCode. */
export async function run(): Promise<Figure[]> {
  return scoped(async (scope) => {
    const { home, client } = await pilotWithWorkspace(scope)
    const external_id = await promptedSession(client)
    const { directory } = await client.json<{ directory: string }>('GET', `/session/${external_id}`)
    const direct = openCodeClient(await supervisedOpenCode(home))
    const { cookie } = client
    const through: Target = { url: `${client.base}/session/${external_id}`, headers: { cookie } }
    const beside: Target = {
      url: direct.url(`/session/${external_id}`, directory),
      headers: { authorization: direct.headers.authorization },
    }
    // Answered by the runtime itself, so that what is left is gateway and link.
    const runtimeOnly: Target = { url: `${client.base}/capabilities`, headers: { cookie } }
    for (const target of [through, beside, runtimeOnly]) await load(target, { connections: 4, count: WARM_UP })

    const calm = await calmPairs(through, beside)
    const bench = 'proxy'
    const unit = 'ms'
    const reference = 'direct'
    const aim = { text: 'p50 at most × 2', met: ({ ratio }: { ratio: number }) => ratio <= 2 }
    const figures: Figure[] = [
      paired({ bench, unit, reference, aim, name: 'small GET, calm, p50', each: CALM_COUNT }, calm.p50),
      paired({ bench, unit, reference, name: 'small GET, calm, p99', each: CALM_COUNT }, calm.p99),
    ]
    for (const [connections, count] of BUSY) {
      const p50: [number, number][] = []
      const p99: [number, number][] = []
      const rate: [number, number][] = []
      const native: [number, number][] = []
      for (let round = 0; round < ROUNDS; round++) {
        const early = round % 2 === 0 ? await load(through, { connections, count }) : null
        const other = await load(beside, { connections, count })
        const own = early ?? (await load(through, { connections, count }))
        const inside = await load(runtimeOnly, { connections, count })
        p50.push([quantile(own.times, 0.5), quantile(other.times, 0.5)])
        p99.push([quantile(own.times, 0.99), quantile(other.times, 0.99)])
        native.push([quantile(inside.times, 0.5), quantile(other.times, 0.5)])
        rate.push([(1_000 * count) / own.totalMs, (1_000 * count) / other.totalMs])
      }
      const base = { bench, unit, reference, each: count }
      const at = `back to back, ${connections} at once`
      figures.push(
        paired({ ...base, aim, name: `small GET, ${at}, p50` }, p50),
        paired({ ...base, name: `small GET, ${at}, p99` }, p99),
        paired({ ...base, name: `small GET, ${at}, rate`, unit: '/s' }, rate),
        paired({ ...base, name: `answered by the runtime, ${at}, p50`, reference: 'direct OpenCode' }, native),
      )
    }
    return figures
  })
}

/**
 * One request at a time with a pause after each, through Pilot and directly by turns: the way a screen asks. OpenCode
 * answers slower after a pause than back to back, so only requests of the same pace can be compared.
 */
async function calmPairs(through: Target, beside: Target) {
  const p50: [number, number][] = []
  const p99: [number, number][] = []
  const agent = new Agent({ keepAlive: true })
  for (let round = 0; round < ROUNDS; round++) {
    const own: number[] = []
    const other: number[] = []
    for (let index = 0; index < CALM_COUNT; index++) {
      own.push(await ask(agent, through))
      await pause()
      other.push(await ask(agent, beside))
      await pause()
    }
    p50.push([quantile(own, 0.5), quantile(other, 0.5)])
    p99.push([quantile(own, 0.99), quantile(other, 0.99)])
  }
  agent.destroy()
  return { p50, p99 }
}

const pause = () => new Promise((resolve) => setTimeout(resolve, PAUSE_MS))

/** A session whose first prompt is done, by OpenCode's own id. */
async function promptedSession(client: Client): Promise<string> {
  const id = newId('agent_session')
  await client.json('POST', '/sessions', { id, title: 'bench' })
  const command = { id: newId('command'), session_id: id, kind: 'prompt', text: 'Say it\n@say ready' }
  await client.json('POST', `/sessions/${id}/commands`, command)
  await until('the answer', async () => {
    const { state, error } = await client.json<Command>('GET', `/sessions/${id}/commands/${command.id}`)
    if (['failed', 'unknown', 'interrupted'].includes(state)) throw new Error(`${state}: ${JSON.stringify(error)}`)
    return state === 'done'
  })
  const [session] = await client.json<{ id: string }[]>('GET', '/session')
  return session?.id ?? ''
}

interface Command {
  state: string
  error: unknown
}

if (import.meta.main) await main(run)
