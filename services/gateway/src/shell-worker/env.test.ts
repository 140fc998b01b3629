import { expect, it } from 'vitest'
import { type Env, readEnv } from './env.ts'

/** The texts among the bindings; the others are not looked at here. */
const env = (texts: Record<string, string> = {}) =>
  ({
    PILOT_BASE_URL: 'https://pilot.example.test/deep',
    PILOT_STAGE: 'production',
    PILOT_AUTH_SECRET: 's'.repeat(40),
    PILOT_KEK: JSON.stringify({ 1: 'A'.repeat(43) }),
    ...texts,
  }) as unknown as Env

it('reads address and keys', () => {
  const { config, keys } = readEnv(env(), '1.2.3')
  expect(config).toMatchObject({
    base_url: 'https://pilot.example.test/deep/',
    hosts: ['pilot.example.test'],
    origins: ['https://pilot.example.test'],
    loopback: false,
    providers: [],
  })
  expect(Object.keys(keys.kek)).toEqual(['1'])
})

it('configures the sign-in providers whose secrets are set', () => {
  const { config } = readEnv(env({ PILOT_GOOGLE_CLIENT_ID: 'id', PILOT_GOOGLE_CLIENT_SECRET: 'secret' }), '1.2.3')
  expect(config.providers).toMatchObject([{ id: 'google', client_id: 'id', client_secret: 'secret' }])
})

it.each([
  { PILOT_AUTH_SECRET: 'short' },
  { PILOT_KEK: '{}x' },
  { PILOT_KEK: '{"1":"short"}' },
  { PILOT_STAGE: 'debug' },
  { PILOT_BASE_URL: 'http://pilot.example.test/' },
  { PILOT_BASE_URL: 'not an address' },
] as Record<string, string>[])('opens nothing with %o', (wrong) => {
  expect(() => readEnv(env(wrong), '1.2.3')).toThrow()
})
