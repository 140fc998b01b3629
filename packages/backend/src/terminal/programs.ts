import { execFile } from 'node:child_process'
import { accessSync, constants, existsSync, statSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename, delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { PilotError } from '@pilot/domain/errors'
import { type AgentProgram, AgentProgramSchema, type ProgramView } from '@pilot/protocol/terminal/rest'

/** How long a program may think about a question, in ms. */
const ANSWER_MS = 5_000
const PROGRAMS: Record<AgentProgram, { label: string; published: string }> = {
  opencode: { label: 'OpenCode', published: 'opencode-ai' },
  claude: { label: 'Claude Code', published: '@anthropic-ai/claude-code' },
  codex: { label: 'Codex', published: '@openai/codex' },
  gemini: { label: 'Gemini CLI', published: '@google/gemini-cli' },
}

export interface ProgramsDeps {
  /** Where programs that were installed from a terminal are; its `bin` is on the PATH of every terminal. */
  tools: string
  /** The home directory, shown as `~`. */
  home: string
  loginShell: string
  /** What the user's login shell would give to a program. */
  environment(): Promise<Record<string, string>>
  /** The OpenCode that comes with this build, if any. */
  bundled(): Promise<string | null>
  /** List of shells, `/etc/shells`. */
  shellsFile: string
}

/** Which programs a terminal of this machine can start. */
export class TerminalPrograms {
  readonly #deps: ProgramsDeps
  /** By path and time of change. */
  readonly #versions = new Map<string, Promise<string | null>>()
  /** By path of npm. */
  readonly #npmConfigs = new Map<string, Promise<string | null>>()

  constructor(deps: ProgramsDeps) {
    this.#deps = deps
  }

  get toolsBin(): string {
    return join(this.#deps.tools, 'bin')
  }

  /** Paths of the shells, the login shell first; each name once. */
  async shells(): Promise<[string, ...string[]]> {
    const listed = await readFile(this.#deps.shellsFile, 'utf8').catch(() => '/bin/sh\n')
    const found = new Map<string, string>()
    for (const line of listed.split('\n').map((text) => text.trim())) {
      const name = basename(line)
      const usable = line.startsWith('/') && !/^(?:tmux|screen|nologin|false|git-shell)$/.test(name) && isProgram(line)
      if (usable && !found.has(name)) found.set(name, line)
    }
    const { loginShell } = this.#deps
    const login = isProgram(loginShell) ? loginShell : '/bin/sh'
    found.delete(basename(login))
    return [login, ...found.values()]
  }

  /** Path of a shell by its name; of the login shell without one. Throws VALIDATION_FAILED. */
  async shell(name?: string): Promise<string> {
    const shells = await this.shells()
    const path = name === undefined ? shells[0] : shells.find((shell) => shell === name || basename(shell) === name)
    if (path !== undefined) return path
    throw new PilotError('VALIDATION_FAILED', `This machine has no shell named "${oneWord(name ?? '')}".`)
  }

  /** Path of an agent program; null when it is not installed. */
  async find(program: AgentProgram): Promise<string | null> {
    const { PATH = '' } = await this.#deps.environment()
    const found = [...PATH.split(delimiter), this.toolsBin]
      .filter((directory) => directory.startsWith('/'))
      .map((directory) => join(directory, program))
      .find(isProgram)
    return found ?? (program === 'opencode' ? await this.#deps.bundled() : null)
  }

  /** The command that installs a program; null when npm is missing. */
  async installation(program: AgentProgram): Promise<{ argv: [string, ...string[]]; shown: string } | null> {
    const { PATH = '' } = await this.#deps.environment()
    const npm = PATH.split(delimiter)
      .filter((directory) => directory.startsWith('/'))
      .map((directory) => join(directory, 'npm'))
      .find(isProgram)
    if (npm === undefined) return null
    const { tools, home } = this.#deps
    const { published } = PROGRAMS[program]
    const config = await this.#npmConfig(npm)
    const line = (written: (path: string) => string): [string, ...string[]] => [
      ...(['install', '--global', '--prefix', written(tools)] as const),
      ...(config === null ? [] : ['--globalconfig', written(config)]),
      published,
    ]
    const short = (path: string) => (path.startsWith(`${home}/`) ? `~${path.slice(home.length)}` : path)
    return { argv: [npm, ...line((path) => path)], shown: ['npm', ...line(short)].join(' ') }
  }

  /**
   * The machine's own settings of npm, such as its registry or authority; null without any. npm looks for them below
   * the prefix, so that another prefix hides them.
   */
  async #npmConfig(npm: string): Promise<string | null> {
    const known = this.#npmConfigs.get(npm) ?? this.#ask(npm, ['config', 'get', 'globalconfig'])
    this.#npmConfigs.set(npm, known)
    const path = (await known)?.trim() ?? ''
    return path.startsWith('/') && existsSync(path) ? path : null
  }

  /** What the user chooses from. */
  async list(): Promise<ProgramView[]> {
    const shells = await this.shells()
    const rows = shells.map((path): ProgramView => {
      const shell = basename(path)
      return { launch: { kind: 'shell', shell }, label: shell, installed: true, version: null, install_command: null }
    })
    const agents = AgentProgramSchema.options.map(async (program): Promise<ProgramView> => {
      const [path, installation] = await Promise.all([this.find(program), this.installation(program)])
      return {
        launch: { kind: program },
        label: PROGRAMS[program].label,
        installed: path !== null,
        version: path === null ? null : await this.#version(path),
        install_command: installation?.shown ?? null,
      }
    })
    return [...rows, ...(await Promise.all(agents))]
  }

  #version(path: string): Promise<string | null> {
    const key = `${path} ${statSync(path).mtimeMs}`
    const known = this.#versions.get(key) ?? this.#askVersion(path)
    this.#versions.set(key, known)
    return known
  }

  async #askVersion(path: string): Promise<string | null> {
    const answer = await this.#ask(path, ['--version'])
    return /\d+\.\d+\.\d+[\w.+-]*/.exec(answer ?? '')?.[0] ?? null
  }

  /** What a program prints; null when it fails or takes too long. */
  async #ask(path: string, args: string[]): Promise<string | null> {
    try {
      const env = await this.#deps.environment()
      const asked = promisify(execFile)(path, args, { env, timeout: ANSWER_MS, maxBuffer: 65_536 })
      asked.child.stdin?.end()
      return (await asked).stdout
    } catch {
      return null
    }
  }
}

export const labelOf = (program: AgentProgram): string => PROGRAMS[program].label

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}

const oneWord = (text: string) => text.replaceAll(/[^\w./-]/g, '?').slice(0, 60)
