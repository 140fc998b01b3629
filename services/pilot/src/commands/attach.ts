import { attachTerminal } from '@pilot/runtime/pty-host/attach-terminal'
import { DETACH_HINT } from '@pilot/runtime/pty-host/detach-keys'
import { type LocalTerminal, localTerminals } from '@pilot/runtime/pty-host/local-terminals'
import { terminals } from './terminals.ts'

type Print = (line: string) => void

/** Opens a terminal of this computer here. Without a name it lists them. Returns the exit code. */
export async function attach(home: string, name: string | undefined, print: Print): Promise<number> {
  if (name === undefined) {
    await terminals(home, print)
    return 0
  }
  const found = matching(await localTerminals(home), name)
  const [terminal] = found
  if (!terminal || found.length > 1) {
    print(terminal ? `Several terminals match ${name}; say more of the id:` : `No terminal matches ${name}.`)
    await terminals(home, print)
    return 1
  }
  if (terminal.state !== 'running') {
    print('This terminal has ended.')
    return 1
  }
  if (!process.stdin.isTTY || !process.stdout.isTTY) {
    print('Run this in a terminal.')
    return 1
  }
  print(DETACH_HINT)
  print(await attachTerminal({ terminal, stdin: process.stdin, stdout: process.stdout }))
  return 0
}

/** By the whole id, else by its begin or its end: ids begin alike, so the end is the short way. */
export function matching(all: LocalTerminal[], name: string): LocalTerminal[] {
  const exact = all.filter(({ terminalId }) => terminalId === name)
  if (exact.length > 0) return exact
  return all.filter(
    ({ terminalId }) =>
      [terminalId, terminalId.slice('term_'.length)].some((id) => id.startsWith(name)) || terminalId.endsWith(name),
  )
}
