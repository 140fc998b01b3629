import { attachTerminal } from './attach-terminal.ts'
import { localTerminals } from './local-terminals.ts'

/** Opens the only terminal of a home, as `pilot attach` does. */
const [terminal] = await localTerminals(process.argv[2] ?? '')
if (!terminal) process.exit(1)
console.log(await attachTerminal({ terminal, stdin: process.stdin, stdout: process.stdout }))
process.exit(0)
