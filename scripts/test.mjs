import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build, checkTools, installModules, SetupError } from './lib/bootstrap.mjs'
import { node, root, run } from './lib/run.mjs'
import { ensureBrowser, ensureTmux } from './lib/system-packages.mjs'

/** `npm test [-- stage…]`: installs what is missing and runs every check. Its last line is `N passed, N failed`. */
const totals = { passed: 0, failed: 0 }
const scratch = mkdtempSync(join(tmpdir(), 'pilot-test-'))
const wanted = process.argv.slice(2)

const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
const PROJECTS = [
  'packages/domain',
  'packages/protocol',
  'packages/backend',
  'packages/frontend',
  'packages/chamber-ui',
  'services/gateway',
  'services/gateway/tsconfig.bun.json',
  'services/gateway/tsconfig.worker.json',
  'services/runtime',
  'services/app',
  'services/pilot',
  'tests',
  'bench',
]

async function check(name, command, args, options) {
  const began = Date.now()
  const { code, output } = await run(command, args, { quiet: true, ...options })
  const seconds = ((Date.now() - began) / 1000).toFixed(1)
  totals[code === 0 ? 'passed' : 'failed'] += 1
  process.stdout.write(`${code === 0 ? 'ok  ' : 'FAIL'} ${name} (${seconds} s)\n`)
  if (code !== 0) process.stdout.write(`${output}\n`)
}

async function vitest(name, args, env) {
  const report = join(scratch, `${name}.json`)
  const { code } = await run(
    node,
    [
      join(root, 'node_modules', 'vitest', 'vitest.mjs'),
      'run',
      ...args,
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${report}`,
    ],
    { env: { ...process.env, ...env } },
  )
  const result = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : null
  totals.passed += result?.numPassedTests ?? 0
  const failed = (result?.numFailedTests ?? 0) + (result?.numPendingTests ?? 0) + (result?.numTodoTests ?? 0)
  // A file that could not be loaded, or an error outside a test, fails the run without failing a test.
  totals.failed += code === 0 ? failed : Math.max(1, failed)
}

const stages = {
  async types() {
    for (const project of PROJECTS) await check(`types ${project}`, node, [tsc, '--noEmit', '-p', project])
  },
  async lint() {
    await check('biome', node, [
      join(root, 'node_modules', '@biomejs', 'biome', 'bin', 'biome'),
      'check',
      '--error-on-warnings',
      '.',
    ])
  },
  async structure() {
    for (const name of ['boundaries', 'file-size', 'network', 'package-rules'])
      await check(`check ${name}`, node, [join('scripts', 'checks', `${name}.mjs`)])
  },
  async documents() {
    await check('PROTOCOL.md', node, [join('scripts', 'protocol-doc.mjs'), '--check'])
  },
  async unit() {
    await ensureTmux()
    await vitest('unit', [])
  },
  async suites() {
    const browser = await ensureBrowser(node)
    await ensureTmux()
    await vitest('suites', ['--root', 'tests'], { PILOT_TEST_BROWSER: browser })
  },
}

async function main() {
  await checkTools()
  await installModules()
  await build()
  await build({ release: false })
  for (const [name, stage] of Object.entries(stages)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue
    process.stdout.write(`\n== ${name}\n`)
    await stage()
  }
}

main()
  .catch((error) => {
    totals.failed += 1
    process.stdout.write(`${error instanceof SetupError ? error.message : error.stack}\n`)
  })
  .finally(() => {
    rmSync(scratch, { recursive: true, force: true })
    process.stdout.write(`\n${totals.passed} passed, ${totals.failed} failed\n`)
    process.exit(totals.failed === 0 ? 0 : 1)
  })
