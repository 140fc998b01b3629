import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { type GitIdentity, identityConfig } from '../../git/identity.ts'
import { ripgrepDirectory } from './binary.ts'

/** Variable that marks the engine and everything it starts; its value is the engine's private root. */
export const ROOT_MARKER = 'PILOT_ENGINE_ROOT'

/** Where the engine finds its model: the loopback endpoint of this runtime. */
export interface EngineModel {
  /** `http://127.0.0.1:<port>` */
  url: string
  token: string
}

export interface EngineRoot {
  /** Output of the process: a file, because a pipe would die with this runtime. */
  logFile: string
  recordFile: string
  configFile: string
}

export function rootPaths(root: string): EngineRoot {
  return {
    logFile: join(root, 'output.log'),
    recordFile: join(root, 'engine.json'),
    configFile: join(root, 'config', 'opencode', 'opencode.json'),
  }
}

/** Creates the private directories and the configuration. Everything is readable by this user alone. */
export async function prepareRoot(root: string, model: EngineModel, identity: GitIdentity): Promise<void> {
  const config = join(root, 'config', 'opencode')
  for (const name of ['home', 'tmp', 'data', 'cache', 'state', 'config/opencode/node_modules']) {
    await mkdir(join(root, name), { recursive: true, mode: 0o700 })
  }
  await chmod(root, 0o700)
  // Without these two OpenCode would fetch a plugin package from the internet into its config directory.
  const lock = { lockfileVersion: 3, packages: { '': { dependencies: { '@opencode-ai/plugin': '*' } } } }
  await writeFile(join(config, 'package-lock.json'), JSON.stringify(lock), { mode: 0o600 })
  // The private home hides the user's own git configuration, and the agent may be told to commit.
  await writeFile(join(root, 'home', '.gitconfig'), identityConfig(identity), { mode: 0o600 })
  const { configFile } = rootPaths(root)
  await writeFile(configFile, JSON.stringify(engineConfig(model), null, 2), { mode: 0o600 })
  await chmod(configFile, 0o600)
}

/**
 * OpenCode's configuration. Edits inside the session's directory run without asking (they are what the session is for,
 * and its diff shows them); every command is asked for and the adapter answers for harmless ones itself
 * (`read-only-command.ts`); anything outside the directory, on the network or endless is asked for.
 */
function engineConfig(model: EngineModel) {
  return {
    $schema: 'https://opencode.ai/config.json',
    autoupdate: false,
    share: 'disabled',
    enabled_providers: ['pilot'],
    model: 'pilot/main',
    small_model: 'pilot/small',
    permission: { edit: 'allow', bash: 'ask', webfetch: 'ask', external_directory: 'ask', doom_loop: 'ask' },
    provider: {
      pilot: {
        npm: '@ai-sdk/openai-compatible',
        name: 'Pilot',
        // The endpoint has limits of its own, which tell the reason.
        options: { baseURL: `${model.url}/v1`, apiKey: model.token, timeout: false, headerTimeout: false },
        models: {
          main: { name: 'Main', tool_call: true, limit: { context: 128_000, output: 16_000 } },
          small: { name: 'Small', tool_call: true, limit: { context: 32_000, output: 2_000 } },
        },
      },
    },
  }
}

const SWITCHES = [
  'OPENCODE_DISABLE_MODELS_FETCH',
  'OPENCODE_DISABLE_AUTOUPDATE',
  'OPENCODE_DISABLE_SHARE',
  'OPENCODE_DISABLE_LSP_DOWNLOAD',
  'OPENCODE_DISABLE_DEFAULT_PLUGINS',
  'OPENCODE_DISABLE_CLAUDE_CODE',
  'OPENCODE_DISABLE_EXTERNAL_SKILLS',
  // A repository must not bring its own plugins, servers or permissions.
  'OPENCODE_DISABLE_PROJECT_CONFIG',
  'OPENCODE_PURE',
]

/** Variables of the runtime that its tools may need; none of them is a secret. */
const PASSED_ON = ['LANG', 'LC_ALL', 'TZ', 'USER', 'LOGNAME', 'SHELL', 'SSL_CERT_FILE', 'NODE_EXTRA_CA_CERTS']

/** The whole environment of the engine: nothing is inherited unseen, because the agent can read all of it. */
export function engineEnv(
  root: string,
  password: string,
  parent: Record<string, string | undefined>,
): Record<string, string> {
  const passedOn = PASSED_ON.flatMap((name) => (parent[name] ? [[name, parent[name]]] : []))
  return {
    LANG: 'C.UTF-8',
    ...Object.fromEntries(passedOn),
    PATH: [ripgrepDirectory(), parent.PATH ?? '/usr/local/bin:/usr/bin:/bin'].filter(Boolean).join(delimiter),
    HOME: join(root, 'home'),
    TMPDIR: join(root, 'tmp'),
    XDG_CONFIG_HOME: join(root, 'config'),
    XDG_DATA_HOME: join(root, 'data'),
    XDG_CACHE_HOME: join(root, 'cache'),
    XDG_STATE_HOME: join(root, 'state'),
    OPENCODE_SERVER_PASSWORD: password,
    [ROOT_MARKER]: root,
    ...Object.fromEntries(SWITCHES.map((name) => [name, '1'])),
  }
}
