import { execFile } from 'node:child_process'
import { delimiter } from 'node:path'
import { promisify } from 'node:util'

type Environment = Record<string, string | undefined>

/** Names that are never given to a terminal: the product's own, those of model keys, and what belongs to its start. */
const HIDDEN =
  /^(?:PILOT_|OPENCODE_|BUN_|MIMALLOC_|NODE_(?!EXTRA_CA_CERTS$)|npm_|VITE|INIT_CWD$|INVOCATION_ID$|JOURNAL_STREAM$|NOTIFY_SOCKET$|LISTEN_|TMUX|STY$|TERM|COLORTERM$|COLUMNS$|LINES$|WINDOWID$|VTE_|_$|SHLVL$|PWD$|OLDPWD$)/
const MODEL_KEYS = new Set([
  'OPENROUTER_API_KEY',
  'ANTHROPIC_API_KEY',
  'ANTHROPIC_AUTH_TOKEN',
  'OPENAI_API_KEY',
  'GEMINI_API_KEY',
  'GOOGLE_API_KEY',
])
const LOGIN_MS = 5_000
const LOGIN_FOR_MS = 300_000
const MARK = 'pilot-environment'

/** What may be seen in a terminal. */
export function visible(environment: Environment): Record<string, string> {
  const shown = Object.entries(environment).filter(
    ([name, value]) => value !== undefined && !HIDDEN.test(name) && !MODEL_KEYS.has(name),
  )
  return Object.fromEntries(shown) as Record<string, string>
}

export interface LoginUser {
  shell: string
  home: string
  name: string
}

/**
 * Makes the function that gives the environment which this user's login shell makes, asked again after five minutes.
 * When the shell does not answer in time, or not understandably, it is the given environment alone.
 */
export function loginEnvironment(own: Environment, user: LoginUser, now: () => number) {
  let known: { at: number; environment: Promise<Record<string, string>> } | null = null
  return (): Promise<Record<string, string>> => {
    if (!known || now() - known.at > LOGIN_FOR_MS) known = { at: now(), environment: ask(own, user) }
    return known.environment
  }
}

async function ask(own: Environment, user: LoginUser): Promise<Record<string, string>> {
  const base: Record<string, string> = {
    ...visible(own),
    HOME: user.home,
    USER: user.name,
    LOGNAME: user.name,
    SHELL: user.shell,
  }
  try {
    const run = promisify(execFile)
    const script = `printf '\\0${MARK}\\0'; exec env -0`
    const options = { env: { ...base, TERM: 'dumb' }, cwd: user.home, timeout: LOGIN_MS, maxBuffer: 1_048_576 }
    const asked = run(user.shell, ['-l', '-c', script], options)
    asked.child.stdin?.end()
    const { stdout } = await asked
    const [, answer] = stdout.split(`\0${MARK}\0`)
    if (answer === undefined) return base
    const pairs = answer.split('\0').flatMap((line) => {
      const at = line.indexOf('=')
      return at > 0 ? [[line.slice(0, at), line.slice(at + 1)]] : []
    })
    const login = visible(Object.fromEntries(pairs))
    return { ...base, ...login, PATH: joinPaths(login.PATH, base.PATH) }
  } catch {
    return base
  }
}

/** Directories of all, each once, in order. */
export function joinPaths(...paths: (string | undefined)[]): string {
  const directories = paths.flatMap((path) => path?.split(delimiter) ?? []).filter((directory) => directory !== '')
  return [...new Set(directories)].join(delimiter)
}

/** The whole environment of a terminal's program. */
export function terminalEnvironment(
  login: Record<string, string>,
  terminal: { id: string; toolsBin: string },
): Record<string, string> {
  const utf8 = (name: string) => /utf-?8/i.test(login[name] ?? '')
  const hasUtf8 = login.LC_ALL ? utf8('LC_ALL') : utf8('LC_CTYPE') || utf8('LANG')
  const { LC_ALL: _all, LC_CTYPE: _ctype, ...rest } = login
  return {
    ...(hasUtf8 ? login : rest),
    ...(hasUtf8 ? {} : { LANG: process.platform === 'darwin' ? 'en_US.UTF-8' : 'C.UTF-8' }),
    PATH: joinPaths(login.PATH ?? '/usr/local/bin:/usr/bin:/bin', terminal.toolsBin),
    TERM: 'xterm-256color',
    COLORTERM: 'truecolor',
    PILOT_TERMINAL: terminal.id,
  }
}
