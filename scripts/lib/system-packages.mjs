import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
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

async function aptInstall(name) {
  process.stdout.write(`Installing ${name} with apt…\n`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  await run('apt-get', ['update', '-q'], { env, quiet: true })
  await run('apt-get', ['install', '-y', '-q', name], { env, quiet: true })
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
