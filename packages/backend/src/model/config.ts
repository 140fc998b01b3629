import type { ModelRef } from '@pilot/protocol/agent/model'
import { ModelProviderSchema } from '@pilot/protocol/api/views'
import type { z } from 'zod'

export type ModelProvider = z.infer<typeof ModelProviderSchema>

/** Which model answers, and with which key. The key stays in this process. */
export interface ModelConfig {
  provider: ModelProvider
  /** Name as the provider spells it. */
  model: string
  /** Cheaper model for titles; the main model when null. */
  small_model: string | null
  label: string
  /** Root of the OpenAI-compatible API, without `/chat/completions`. Empty for the demo model. */
  base_url: string
  api_key: string | null
}

/** What a provider is reached by when the settings leave it open. */
export const PROVIDERS: Record<ModelProvider, { label: string; base_url: string; model: string }> = {
  demo: { label: 'Demo model', base_url: '', model: 'demo' },
  openrouter: { label: 'OpenRouter', base_url: 'https://openrouter.ai/api/v1', model: 'openrouter/auto' },
  anthropic: { label: 'Anthropic', base_url: 'https://api.anthropic.com/v1', model: 'claude-sonnet-4-5' },
  openai: { label: 'OpenAI', base_url: 'https://api.openai.com/v1', model: 'gpt-5' },
  custom: { label: 'Custom model', base_url: '', model: 'default' },
}

/** The scripted model that needs neither key nor network. */
export const DEMO_MODEL: ModelConfig = {
  provider: 'demo',
  model: 'demo',
  small_model: null,
  label: 'Demo model',
  base_url: '',
  api_key: null,
}

/** What a client may know of the model: everything but the key and the address. */
export function modelRef(config: ModelConfig): ModelRef {
  return {
    provider: config.provider,
    model: config.model,
    label: config.label,
    demo: config.provider === 'demo',
  }
}

/**
 * Completes settings as they come from the control plane. Null when they name no usable model (unknown provider, or a
 * custom one without an address), so that the caller falls back.
 */
export function modelFromSettings(settings: {
  provider: string
  model: string
  label?: string
  base_url: string
  api_key: string | null
}): ModelConfig | null {
  const provider = ModelProviderSchema.safeParse(settings.provider)
  if (!provider.success) return null
  if (provider.data === 'demo') return DEMO_MODEL
  const defaults = PROVIDERS[provider.data]
  const baseUrl = normalizeBaseUrl(settings.base_url || defaults.base_url)
  if (baseUrl === null) return null
  if (provider.data !== 'custom' && !settings.api_key) return null
  const model = settings.model.trim() || defaults.model
  return {
    provider: provider.data,
    model,
    small_model: null,
    label: settings.label?.trim() || `${defaults.label} · ${model}`,
    base_url: baseUrl,
    api_key: settings.api_key,
  }
}

/** The model that the daemon's own environment names, or null. `PILOT_MODEL` overrides the provider's default model. */
export function modelFromEnv(env: Record<string, string | undefined>): ModelConfig | null {
  const model = env.PILOT_MODEL ?? ''
  const custom = env.PILOT_MODEL_BASE_URL
  if (custom) {
    const apiKey = env.PILOT_MODEL_API_KEY || null
    return modelFromSettings({ provider: 'custom', model, base_url: custom, api_key: apiKey })
  }
  const keys = [
    ['openrouter', env.OPENROUTER_API_KEY],
    ['anthropic', env.ANTHROPIC_API_KEY],
    ['openai', env.OPENAI_API_KEY],
  ] as const
  for (const [provider, key] of keys) {
    if (key) return modelFromSettings({ provider, model, base_url: '', api_key: key })
  }
  return null
}

/** `https://host/v1/` and `https://host/v1/chat/completions` both mean `https://host/v1`. Null for anything else. */
function normalizeBaseUrl(value: string): string | null {
  if (!URL.canParse(value)) return null
  const url = new URL(value)
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return null
  if (url.username || url.password) return null
  return `${url.origin}${url.pathname.replace(/\/+$/, '').replace(/\/chat\/completions$/, '')}`
}
