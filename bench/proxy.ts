import { newId } from '@pilot/domain/ids'
import { type Figure, main, paired, quantile } from './support/figures.ts'
import { load, type Target } from './support/load.ts'
import { openCodeClient, supervisedOpenCode } from './support/opencode.ts'
import { type Client, openWorkspace, startPilot } from './support/pilot.ts'
import { makeRepository, scoped, until } from './support/program.ts'

const ROUNDS = 7
const WARM_UP = 300
const COUNT = { one: 300, sixteen: 1_600 }

/** A small GET through gateway, link and runtime beside the same GET sent to the same OpenCode. */
export async function run(): Promise<Figure[]> {
  return scoped(async (scope) => {
    const repository = scope.directory('repository')
    const home = scope.directory('home')
    makeRepository(repository)
    const pilot = await startPilot({ home, workspace: repository })
    scope.defer(() => pilot.stop())
    const client = await openWorkspace(pilot, repository)
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
    const native: Target = { url: `${client.base}/capabilities`, headers: { cookie } }
    for (const target of [through, beside, native]) await load(target, { connections: 4, count: WARM_UP })

    const figures: Figure[] = []
    for (const [connections, count] of [
      [1, COUNT.one],
      [16, COUNT.sixteen],
    ] as const) {
      const pairs = { p50: [], p99: [], rate: [], native: [] } as Record<string, [number, number][]>
      for (let round = 0; round < ROUNDS; round++) {
        const turn = round % 2 === 0
        const early = turn ? await load(through, { connections, count }) : null
        const other = await load(beside, { connections, count })
        const own = early ?? (await load(through, { connections, count }))
        const inside = await load(native, { connections, count })
        pairs.p50?.push([quantile(own.times, 0.5), quantile(other.times, 0.5)])
        pairs.p99?.push([quantile(own.times, 0.99), quantile(other.times, 0.99)])
        pairs.native?.push([quantile(inside.times, 0.5), quantile(other.times, 0.5)])
        pairs.rate?.push([count / own.totalMs, count / other.totalMs])
      }
      const base = { bench: 'proxy', unit: 'ms', reference: 'direct', each: count }
      const at = connections === 1 ? '1 connection' : `${connections} connections`
      const aim = { text: 'p50 at most × 2', met: ({ ratio }: { ratio: number }) => ratio <= 2 }
      figures.push(
        paired({ ...base, name: `small GET, ${at}, p50`, aim }, pairs.p50 ?? []),
        paired({ ...base, name: `small GET, ${at}, p99` }, pairs.p99 ?? []),
        paired({ ...base, name: `small GET, ${at}, rate`, unit: 'per ms' }, pairs.rate ?? []),
        paired({ ...base, name: `answered by the runtime, ${at}, p50`, reference: 'direct OpenCode' }, pairs.native ?? []),
      )
    }
    return figures
  })
}

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
