import { expect, it } from 'vitest'
import { readSupervisor } from './stdin.ts'

async function* chunks(...texts: string[]) {
  for (const text of texts) yield new TextEncoder().encode(text)
}

it('gives the first line, wherever the stream was cut, and then the end', async () => {
  const { firstLine, ended } = readSupervisor(chunks('{"a":', '"é"}\nrest', 'more'))
  expect(await firstLine).toBe('{"a":"é"}')
  await ended
})

it('gives what there is when the stream ends without a line', async () => {
  expect(await readSupervisor(chunks('{}')).firstLine).toBe('{}')
  expect(await readSupervisor(chunks()).firstLine).toBe('')
})
