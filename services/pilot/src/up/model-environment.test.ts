import { expect, it } from 'vitest'
import { splitModelEnvironment } from './model-environment.ts'

it('keeps model keys out of what children inherit', () => {
  const env = { PATH: '/bin', OPENAI_API_KEY: 'sk-canary', ANTHROPIC_API_KEY: '' }
  expect(splitModelEnvironment(env)).toEqual({ model: { OPENAI_API_KEY: 'sk-canary' }, rest: { PATH: '/bin' } })
  expect(env.OPENAI_API_KEY).toBe('sk-canary')
})
