import { runPtyHost } from './run-host.ts'

process.exit(await runPtyHost())
