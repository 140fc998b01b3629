import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { run } from './run.mjs'

const BROWSERS = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'microsoft-edge']
const MAC_BROWSERS = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge',
]

function findOnPath(names) {
  for (const directory of (process.env.PATH ?? '').split(delimiter)) {
    for (const name of names) if (existsSync(join(directory, name))) return join(directory, name)
  }
  return null
}

function findBrowser() {
  if (process.env.PILOT_TEST_BROWSER) return process.env.PILOT_TEST_BROWSER
  return findOnPath(BROWSERS) ?? MAC_BROWSERS.find((file) => existsSync(file)) ?? null
}

const hasApt = () => process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')

const APT_TRIES = 4
/** Waits for another apt or dpkg of a machine that is still setting itself up, and asks mirrors that fail again. */
const APT_OPTIONS = ['-q', '-o', 'DPkg::Lock::Timeout=120', '-o', 'Acquire::Retries=3']

/**
 * Installs a Debian package. A machine may come with a dpkg that was interrupted, with another apt at work or with a
 * mirror that is away for a moment: each try first finishes what dpkg left half done. Says what apt said of the last try.
 */
async function aptInstall(name) {
  process.stdout.write(`Installing ${name} with apt…\n`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  let said = ''
  for (let attempt = 1; attempt <= APT_TRIES; attempt += 1) {
    const steps = [
      ['dpkg', '--configure', '-a', '--force-confold'],
      ['apt-get', 'update', ...APT_OPTIONS],
      ['apt-get', 'install', '-y', ...APT_OPTIONS, name],
    ]
    let code = 0
    for (const [command, ...args] of steps) {
      const result = await run(command, args, { env, quiet: true })
      code = result.code
      if (code !== 0) said = result.output
    }
    if (code === 0) return
    if (attempt < APT_TRIES) await delay(attempt * 5_000)
  }
  process.stdout.write(`${said.trim().split('\n').slice(-15).join('\n')}\n`)
}

/** tmux, which one kind of terminal runs in. Throws when it is missing and cannot be installed: no test is skipped. */
export async function ensureTmux() {
  if (findOnPath(['tmux'])) return
  if (hasApt()) await aptInstall('tmux')
  if (!findOnPath(['tmux'])) {
    throw new Error('The terminal tests need tmux. Install it (Debian: apt install tmux; macOS: brew install tmux).')
  }
}

/**
 * The browser of the tests: one that is installed, else Debian's Chromium when we are root, else the one that the test
 * library installs. Throws when there is none: a browser test is never skipped.
 */
export async function ensureBrowser(nodeBinary) {
  const found = findBrowser()
  if (found) return found
  if (hasApt()) {
    await aptInstall('chromium')
  } else {
    process.stdout.write('Installing a browser with playwright…\n')
    await run(nodeBinary, [join('tests', 'node_modules', 'playwright-core', 'cli.js'), 'install', 'chromium'])
    return ''
  }
  const installed = findBrowser()
  if (!installed) throw new Error('The browser tests need Chromium, Chrome or Edge, and none could be installed here.')
  return installed
}
