import { spawn } from 'node:child_process'
import { build, checkTools, installModules, SetupError } from './lib/bootstrap.mjs'
import { bun } from './lib/run.mjs'

/** `npm start`: installs what is missing, builds what is stale, then becomes `pilot up`. */
async function main() {
  await checkTools()
  await installModules()
  const program = await build()
  const child = spawn(bun(), [program, 'up', ...process.argv.slice(2)], { stdio: 'inherit' })
  // The terminal sends Ctrl-C to the whole group; other signals are passed on by hand.
  process.on('SIGINT', () => {})
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.once('exit', (code) => process.exit(code ?? 1))
}

main().catch((error) => {
  process.stderr.write(`${error instanceof SetupError ? error.message : error.stack}\n`)
  process.exit(1)
})
