/** Variables that may hold a model key, as the daemon knows them. */
export const MODEL_VARIABLES = [
  'OPENROUTER_API_KEY',
  'ANTHROPIC_API_KEY',
  'OPENAI_API_KEY',
  'PILOT_MODEL_BASE_URL',
  'PILOT_MODEL_API_KEY',
] as const

type Environment = Record<string, string | undefined>

/**
 * Splits an environment into the model variables, which go to the daemon over its stdin, and the rest, which children
 * may have: what stands in a process's environment can be read by every other process of the same user.
 */
export function splitModelEnvironment(env: Environment): { model: Record<string, string>; rest: Environment } {
  const rest = { ...env }
  const model: Record<string, string> = {}
  for (const name of MODEL_VARIABLES) {
    const value = rest[name]
    if (value) model[name] = value
    delete rest[name]
  }
  return { model, rest }
}
