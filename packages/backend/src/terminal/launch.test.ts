import { chmod, mkdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { newId } from '@pilot/domain/ids'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { makeRepository, temporaryDirectory, testGit } from '../git/testing.ts'
import { joinPaths, loginEnvironment, terminalEnvironment, visible } from './environment.ts'
import { offerGuidance } from './guidance.ts'
import { type LaunchDeps, prepareLaunch } from './launch.ts'
import { TerminalPrograms } from './programs.ts'
import { openOrder } from './testing/harness.ts'
import { parseSessions } from './tmux-sessions.ts'

let base: string
let remove: () => Promise<void>
let deps: LaunchDeps
let agents: string[]
const session = newId('agent_session')

beforeEach(async () => {
  const directory = await temporaryDirectory()
  base = directory.path
  remove = directory.remove
  agents = []
  for (const name of ['root/inner', 'worktree', 'elsewhere', 'bin', 'tools/bin'])
    await mkdir(join(base, name), { recursive: true })
  await writeFile(join(base, 'root/file'), '')
  await symlink(join(base, 'elsewhere'), join(base, 'root/out'))
  await writeFile(join(base, 'shells'), `# list\n/bin/sh\n${base}/bin/fish\n/no/such/zsh\n${base}/bin/nologin\n`)
  for (const name of ['fish', 'nologin', 'npm']) await program(join(base, 'bin', name), 'exit 0')
  await program(join(base, 'tools/bin/claude'), 'echo "2.1.3 (Claude Code)"')
  const environment = async () => ({ PATH: `${base}/bin`, HOME: base, SHELL: '/bin/sh' })
  const programs = new TerminalPrograms({
    ...{ tools: join(base, 'tools'), home: base, loginShell: '/bin/sh', environment, bundled: async () => null },
    shellsFile: join(base, 'shells'),
  })
  deps = {
    programs,
    environment,
    workspaceRoot: async () => join(base, 'root'),
    sessionDirectory: (_, id) => (id === session ? join(base, 'worktree') : null),
    beforeAgent: async (_, name, cwd) => {
      agents.push(`${name} ${cwd}`)
      throw new Error('not possible')
    },
  }
})
afterEach(() => remove())

async function program(path: string, script: string): Promise<void> {
  await writeFile(path, `#!/bin/sh\n${script}\n`)
  await chmod(path, 0o755)
}

test('a terminal starts below its workspace, or in the directory of a session', async () => {
  const at = (more: Parameters<typeof openOrder>[0]) => prepareLaunch(deps, openOrder(more)).then(({ cwd }) => cwd)
  expect(await at({})).toBe(join(base, 'root'))
  expect(await at({ cwd: 'inner' })).toBe(join(base, 'root/inner'))
  expect(await at({ agent_session_id: session })).toBe(join(base, 'worktree'))
  for (const cwd of ['..', 'out', '/etc', 'inner/../..']) {
    await expect(at({ cwd })).rejects.toMatchObject({ code: 'PATH_OUTSIDE_WORKSPACE' })
  }
  await expect(at({ cwd: 'nothing' })).rejects.toMatchObject({ code: 'NOT_FOUND' })
  await expect(at({ cwd: 'file' })).rejects.toMatchObject({ code: 'NOT_FOUND' })
  await expect(at({ agent_session_id: newId('agent_session') })).rejects.toMatchObject({ code: 'NOT_FOUND' })
})

test('what runs: shells by name, programs where they are, installations that can be seen', async () => {
  const layer = (more: Parameters<typeof openOrder>[0]) =>
    prepareLaunch(deps, openOrder(more)).then((spec) => spec.layer)
  expect(await layer({})).toEqual({ kind: 'pty', argv: ['/bin/sh'] })
  expect(await layer({ launch: { kind: 'shell', shell: 'fish' } })).toEqual({ kind: 'pty', argv: [`${base}/bin/fish`] })
  for (const shell of ['zsh', 'nologin', `${base}/bin/npm`]) {
    await expect(layer({ launch: { kind: 'shell', shell } })).rejects.toMatchObject({ code: 'VALIDATION_FAILED' })
  }
  expect(await layer({ launch: { kind: 'claude' } })).toEqual({ kind: 'pty', argv: [`${base}/tools/bin/claude`] })
  expect(agents).toEqual([`claude ${base}/root`])
  await expect(layer({ launch: { kind: 'codex' } })).rejects.toMatchObject({
    code: 'VALIDATION_FAILED',
    message: 'Codex is not installed on this machine. Install it first.',
  })
  const install = await layer({ launch: { kind: 'install', program: 'codex' } })
  expect(install.kind === 'pty' && install.argv.slice(-6)).toEqual([
    `${base}/bin/npm`,
    'install',
    '--global',
    '--prefix',
    `${base}/tools`,
    '@openai/codex',
  ])
  expect(await layer({ launch: { kind: 'tmux', session: 'main' } })).toEqual({
    kind: 'tmux',
    session: 'main',
    own: false,
  })
  expect(await layer({ source: 'tmux' })).toMatchObject({ kind: 'tmux', own: true, argv: ['/bin/sh'] })
  await rm(join(base, 'bin/npm'))
  await expect(layer({ launch: { kind: 'install', program: 'codex' } })).rejects.toMatchObject({
    code: 'VALIDATION_FAILED',
  })
})

test('the list of programs says what is there, in which version, and how the rest is installed', async () => {
  const list = await deps.programs.list()
  expect(list.filter(({ launch }) => launch.kind === 'shell').map(({ label }) => label)).toEqual(['sh', 'fish'])
  expect(list.find(({ launch }) => launch.kind === 'claude')).toMatchObject({ installed: true, version: '2.1.3' })
  expect(list.find(({ launch }) => launch.kind === 'gemini')).toEqual({
    launch: { kind: 'gemini' },
    label: 'Gemini CLI',
    installed: false,
    version: null,
    install_command: 'npm install --global --prefix ~/tools @google/gemini-cli',
  })
})

test('an installation keeps the settings that npm has for the whole machine', async () => {
  const settings = join(base, 'etc npmrc')
  await program(join(base, 'bin/npm'), `test "$*" = "config get globalconfig" && echo "${settings}"`)
  const command = async () => (await deps.programs.installation('codex'))?.argv.slice(4)
  expect(await command()).toEqual([`${base}/tools`, '@openai/codex'])
  await writeFile(settings, '')
  expect(await command()).toEqual([`${base}/tools`, '--globalconfig', settings, '@openai/codex'])
})

test('no secret of the product or of a model is in a terminal', () => {
  const secret = { PILOT_MODEL_API_KEY: 'x', ANTHROPIC_API_KEY: 'x', OPENCODE_SERVER_PASSWORD: 'x', npm_config_x: 'x' }
  expect(visible({ ...secret, TMUX: 'x', NODE_OPTIONS: 'x', EMPTY: undefined })).toEqual({})
  const needed = { HTTPS_PROXY: 'p', NODE_EXTRA_CA_CERTS: '/authority.pem' }
  expect(visible({ ...secret, ...needed })).toEqual(needed)
  const env = terminalEnvironment({ PATH: '/a', LC_ALL: 'C', LANG: 'C' }, { id: 'term_1', toolsBin: '/t/bin' })
  expect(env).toMatchObject({
    PATH: '/a:/t/bin',
    TERM: 'xterm-256color',
    COLORTERM: 'truecolor',
    PILOT_TERMINAL: 'term_1',
  })
  expect(env.LANG).toMatch(/UTF-8/)
  expect(env.LC_ALL).toBeUndefined()
  expect(terminalEnvironment({ LANG: 'de_DE.UTF-8' }, { id: 't', toolsBin: '/t' }).LANG).toBe('de_DE.UTF-8')
  expect(joinPaths('/a:/b', undefined, '/b:/c')).toBe('/a:/b:/c')
})

test('the environment is that of the login shell, or the own one when it does not answer', async () => {
  await program(join(base, 'login'), `export FROM_LOGIN=yes ANTHROPIC_API_KEY=x; echo noise; shift; exec /bin/sh "$@"`)
  const user = { home: base, name: 'somebody' }
  const ask = (shell: string) => loginEnvironment({ PATH: process.env.PATH, OWN: '1' }, { ...user, shell }, () => 0)()
  expect(await ask(join(base, 'login'))).toMatchObject({ FROM_LOGIN: 'yes', OWN: '1', USER: 'somebody' })
  expect(await ask(join(base, 'login'))).not.toHaveProperty('ANTHROPIC_API_KEY')
  await program(join(base, 'broken'), 'exit 1')
  expect(await ask(join(base, 'broken'))).toMatchObject({ OWN: '1', HOME: base })
})

test('guidance: once, never over a file, in a repository only when asked and unseen by git', async () => {
  const git = testGit()
  const repository = join(base, 'repository')
  await makeRepository(git, repository, { 'a.txt': 'a' })
  const order = { program: 'claude' as const, home: base, cwd: repository }
  await offerGuidance(git, { ...order, repository: false })
  expect(await readFile(join(base, '.claude/CLAUDE.md'), 'utf8')).toContain('Pilot')
  await expect(stat(join(repository, 'CLAUDE.md'))).rejects.toThrow()
  await writeFile(join(base, '.claude/CLAUDE.md'), 'mine')
  for (let round = 0; round < 2; round++) await offerGuidance(git, { ...order, repository: true })
  expect(await readFile(join(base, '.claude/CLAUDE.md'), 'utf8')).toBe('mine')
  expect(await readFile(join(repository, 'CLAUDE.md'), 'utf8')).toContain('Pilot')
  expect((await git.text(['status', '--porcelain'], { cwd: repository })).trim()).toBe('')
  expect((await readFile(join(repository, '.git/info/exclude'), 'utf8')).match(/^\/CLAUDE\.md$/gm)).toHaveLength(1)
})

test('sessions of tmux, whatever their names', () => {
  expect(parseSessions('1 0 main\n3 2 a name with spaces\nnonsense\n')).toEqual([
    { name: 'main', windows: 1, attached: false },
    { name: 'a name with spaces', windows: 3, attached: true },
  ])
})
