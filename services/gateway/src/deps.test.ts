import { expect, it } from 'vitest'
import { limitsFromEnv } from './deps.ts'

it('terminals of one machine: the default of the shell, what the environment says, never more than 50', () => {
  const terminals = (value?: string) => limitsFromEnv({ PILOT_TERMINALS_PER_RUNTIME: value }, 5).terminals_per_runtime
  expect([terminals(), terminals(''), terminals('1'), terminals('50')]).toEqual([5, 5, 1, 50])
  for (const wrong of ['0', '51', '-1', '1.5', 'many']) expect(() => terminals(wrong)).toThrow(/1 to 50/)
})
