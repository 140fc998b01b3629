import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bun, node, root, run } from './run.mjs'

const PNPM = 'pnpm@12.4.2'
const say = (line) => process.stdout.write(`${line}\n`)

export class SetupError extends Error {}

/** Refuses what cannot work, with what to do about it. */
export async function checkTools() {
  const major = Number(process.versions.node.split('.')[0])
  if (major < 20) throw new SetupError(`Node ${process.versions.node} is too old. Install Node 20 or newer.`)
  const git = await run('git', ['--version'], { quiet: true }).catch(() => null)
  const [, gitMajor, gitMinor] = git?.output.match(/git version (\d+)\.(\d+)/) ?? []
  if (!gitMajor)
    throw new SetupError('git is missing. Install it (Debian: apt install git; macOS: xcode-select --install).')
  if (Number(gitMajor) * 100 + Number(gitMinor) < 225)
    throw new SetupError(`git ${gitMajor}.${gitMinor} is too old. Install git 2.25 or newer.`)
}

const stampFile = (name) => join(root, 'node_modules', '.pilot', name)

function isFresh(name, value) {
  const file = stampFile(name)
  return existsSync(file) && readFileSync(file, 'utf8') === value
}

function writeStamp(name, value) {
  mkdirSync(join(root, 'node_modules', '.pilot'), { recursive: true })
  writeFileSync(stampFile(name), value)
}

/** Names, sizes and times of every file below the folders: enough to see an edit, and cheap for thousands of files. */
function fingerprint(folders) {
  const hash = createHash('sha256')
  const visit = (path) => {
    const info = statSync(path, { throwIfNoEntry: false })
    if (!info) return
    if (!info.isDirectory()) {
      hash.update(`${path}\0${info.size}\0${info.mtimeMs}\n`)
      return
    }
    for (const name of readdirSync(path).sort()) if (name !== 'node_modules' && name !== 'dist') visit(join(path, name))
  }
  for (const folder of folders) visit(join(root, folder))
  return hash.digest('hex')
}

/** Installs node modules when the lockfile is not the one that was installed last. */
export async function installModules() {
  const wanted = createHash('sha256')
    .update(readFileSync(join(root, 'pnpm-lock.yaml')))
    .digest('hex')
  if (isFresh('modules', wanted)) return
  say('Installing node modules with pnpm (about 700 MB on disk, once)…')
  const { code } = await run('npx', ['--yes', PNPM, 'install', '--frozen-lockfile'])
  if (code !== 0)
    throw new SetupError(
      'The installation failed; its messages are above. Check the network and run the same command again.',
    )
  writeStamp('modules', wanted)
}

/** OpenCode for this platform comes as its own package; where the lockfile has none it is installed beside. */
export async function build({ release = true } = {}) {
  const app = fingerprint([
    'services/app',
    'packages/chamber-ui',
    'packages/frontend',
    'packages/protocol',
    'packages/domain',
    'pnpm-lock.yaml',
  ])
  if (!isFresh('app', app) || !existsSync(join(root, 'services/app/dist/client/index.html'))) {
    say('Building the app…')
    const { code, output } = await run(node, [join('node_modules', 'vite', 'bin', 'vite.js'), 'build'], {
      cwd: join(root, 'services/app'),
      // Whatever the caller's shell says: this is the build that people use.
      env: { ...process.env, NODE_ENV: 'production' },
      quiet: true,
    })
    if (code !== 0) throw new SetupError(`The app could not be built:\n${output}`)
    writeStamp('app', app)
  }
  const name = release ? 'pilot' : 'pilot-test'
  const server = fingerprint([
    'services/pilot',
    'services/gateway',
    'services/runtime',
    'packages/backend',
    'packages/protocol',
    'packages/domain',
    'scripts/lib/bootstrap.mjs',
    'pnpm-lock.yaml',
  ])
  const stamp = `dist-${name}.js`
  const files = [`${name}.js`, `${name}-host.js`].map((file) => join(root, 'dist', file))
  if (!isFresh(stamp, server) || !files.every((file) => existsSync(file))) {
    say('Building the server…')
    dropOldParts(name)
    await bundle('services/pilot/src/main.ts', name, release)
    // Each terminal is held by a process of its own, which loads a small file instead of the whole program.
    // Its names are short, too: each takes memory in every one of them. Nobody reads what it throws.
    await bundle('services/runtime/src/pty-host/entry.ts', `${name}-host`, release, ['--minify-identifiers'])
    writeStamp(stamp, server)
  }
  return join(root, 'dist', `${name}.js`)
}

const PART_DAYS = 30

/** Parts of former builds: a process that still runs may load one of its own, so the young ones stay. */
function dropOldParts(name) {
  const dist = join(root, 'dist')
  if (!existsSync(dist)) return
  for (const file of readdirSync(dist)) {
    const path = join(dist, file)
    if (file.startsWith(`${name}.`) && Date.now() - statSync(path).mtimeMs > PART_DAYS * 86_400_000) rmSync(path)
  }
}

/** One program of several parts: gateway, daemon and command line are processes that load what they need. */
async function bundle(entry, name, release, more = []) {
  const args = [
    'build',
    entry,
    '--target=bun',
    '--minify-syntax',
    '--minify-whitespace',
    ...more,
    '--splitting',
    '--sourcemap=linked',
    '--define',
    `PILOT_DEV_LOGIN=${release ? 'false' : 'true'}`,
    '--outdir=dist',
    `--entry-naming=${name}.[ext]`,
    `--chunk-naming=${name}.[hash].[ext]`,
  ]
  const { code, output } = await run(bun(), args, { quiet: true })
  if (code !== 0) throw new SetupError(`The server could not be built:\n${output}`)
}

/** Forgets every stamp, so that the next start installs and builds again. */
export function forget() {
  rmSync(join(root, 'node_modules', '.pilot'), { recursive: true, force: true })
}
