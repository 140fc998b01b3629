import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { DEMO_MODEL, type ModelConfig, modelFromEnv, modelFromSettings } from '@pilot/backend/model/config'
import type { ModelStatus } from '@pilot/protocol/agent/rest'
import { type WelcomeModel, WelcomeModelSchema } from '@pilot/protocol/messages/runtime-welcome'

/** Variables that may hold a model key. They are read once and taken out of the environment. */
const KEY_VARIABLES = [
  'OPENROUTER_API_KEY',
  'ANTHROPIC_API_KEY',
  'OPENAI_API_KEY',
  'PILOT_MODEL_BASE_URL',
  'PILOT_MODEL_API_KEY',
] as const

/** Reads the model that the environment names, then removes its keys, so that no child of this process gets them. */
export function takeModelFromEnv(env: Record<string, string | undefined>): ModelConfig | null {
  const model = modelFromEnv(env)
  for (const name of KEY_VARIABLES) delete env[name]
  return model
}

export interface ModelSource {
  current(): { config: ModelConfig; key_source: ModelStatus['key_source'] }
  /** Takes what the control plane says (null: nothing is set there). */
  update(welcome: WelcomeModel | null): Promise<void>
}

/**
 * Which model this machine uses: the instance's own from the control plane, else the environment's, else the demo. The
 * last answer of the control plane is kept in `file` (0600), because an agent that outlived a restart of this process
 * asks for its model before the control plane is reached again.
 */
export async function createModelSource(file: string, environment: ModelConfig | null): Promise<ModelSource> {
  let settings = await readSettings(file)
  return {
    current() {
      const config = settings && modelFromSettings(settings)
      if (config) return { config, key_source: config.api_key ? 'secret' : 'none' }
      if (environment) return { config: environment, key_source: environment.api_key ? 'environment' : 'none' }
      return { config: DEMO_MODEL, key_source: 'none' }
    },
    async update(welcome) {
      settings = welcome
      if (!welcome) {
        await rm(file, { force: true })
        return
      }
      await writeFile(`${file}.partial`, JSON.stringify(welcome), { mode: 0o600 })
      await rename(`${file}.partial`, file)
    },
  }
}

async function readSettings(file: string): Promise<WelcomeModel | null> {
  try {
    const parsed = WelcomeModelSchema.safeParse(JSON.parse(await readFile(file, 'utf8')))
    return parsed.success ? parsed.data : null
  } catch {
    return null
  }
}
