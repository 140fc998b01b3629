import { type LocalTerminal, localTerminals, runningTerminals } from '@pilot/runtime/pty-host/local-terminals'

type Print = (line: string) => void

/** Lists the terminals of this computer. */
export async function terminals(home: string, print: Print): Promise<void> {
  const found = await localTerminals(home)
  if (found.length === 0) print('There are no terminals here.')
  for (const terminal of found) print(line(terminal))
}

/** At the end of `pilot up`: what lives on, and how to reach and to end it. */
export async function nameTerminals(home: string, print: Print): Promise<void> {
  const running = await runningTerminals(home)
  if (running.length === 0) return
  print(running.length === 1 ? 'One terminal lives on:' : `${running.length} terminals live on:`)
  for (const terminal of running) print(`  ${line(terminal)}`)
  print('Open one with "pilot attach", end them with "pilot stop --terminals".')
}

/** One line: id, state, what runs in it, the process that holds it, where. */
const line = ({ terminalId, state, title, program, hostPid, cwd }: LocalTerminal) =>
  `${terminalId}  ${state}  ${title || program}  process ${hostPid}  ${cwd}`
