import { describe, expect, test } from 'vitest'
import { DEMO_MODEL, modelFromEnv, modelFromSettings, modelRef } from './config.ts'

describe('model settings', () => {
  test('come from the environment, a custom address first', () => {
    expect(modelFromEnv({})).toBeNull()
    expect(modelFromEnv({ OPENROUTER_API_KEY: 'k', PILOT_MODEL: 'a/b' })).toMatchObject({
      provider: 'openrouter',
      model: 'a/b',
      base_url: 'https://openrouter.ai/api/v1',
      api_key: 'k',
    })
    expect(modelFromEnv({ ANTHROPIC_API_KEY: 'k' })?.base_url).toBe('https://api.anthropic.com/v1')
    expect(modelFromEnv({ OPENAI_API_KEY: 'k' })?.provider).toBe('openai')
    expect(
      modelFromEnv({ PILOT_MODEL_BASE_URL: 'http://127.0.0.1:11434/v1/', OPENAI_API_KEY: 'k', PILOT_MODEL: 'm' }),
    ).toMatchObject({ provider: 'custom', base_url: 'http://127.0.0.1:11434/v1', model: 'm', api_key: null })
  })

  test('fall back when they are unusable', () => {
    const settings = { model: '', base_url: '', api_key: null }
    expect(modelFromSettings({ ...settings, provider: 'openai' })).toBeNull()
    expect(modelFromSettings({ ...settings, provider: 'custom' })).toBeNull()
    expect(modelFromSettings({ ...settings, provider: 'custom', base_url: 'file:///etc' })).toBeNull()
    expect(modelFromSettings({ ...settings, provider: 'nobody' })).toBeNull()
    expect(modelFromSettings({ ...settings, provider: 'demo' })).toBe(DEMO_MODEL)
  })

  test('show neither key nor address', () => {
    const config = modelFromSettings({ provider: 'openai', model: '', base_url: '', api_key: 'sk-x' })
    expect(config && modelRef(config)).toEqual({
      provider: 'openai',
      model: 'gpt-5',
      label: 'OpenAI · gpt-5',
      demo: false,
    })
  })
})
