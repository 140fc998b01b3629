import { expect, test } from 'vitest'
import { DetachKeys } from './detach-keys.ts'

const type = (...parts: string[]) => {
  const keys = new DetachKeys()
  let text = ''
  for (const part of parts) {
    const { bytes, detach } = keys.push(Buffer.from(part))
    text += Buffer.from(bytes).toString()
    if (detach) return { text, detach }
  }
  return { text, detach: false }
}

test('Ctrl-\\ and d detach, in one piece or in two', () => {
  expect(type('ls\x1cdnever sent')).toEqual({ text: 'ls', detach: true })
  expect(type('a\x1c', 'd')).toEqual({ text: 'a', detach: true })
})

test('everything else reaches the program', () => {
  expect(type('\x1c\x1c')).toEqual({ text: '\x1c', detach: false })
  expect(type('\x1c', 'x', 'd')).toEqual({ text: '\x1cxd', detach: false })
})
