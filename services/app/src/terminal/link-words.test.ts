import { describe, expect, it } from 'vitest'
import { linkWords } from './link-words.ts'

const now = new Date(2026, 0, 5, 12, 0, 0)
const ago = (seconds: number) => now.getTime() - seconds * 1_000

describe('linkWords', () => {
  it('tells the round trip only while it is fresh', () => {
    expect(linkWords({ status: 'live', rtt_ms: 23.6, at: ago(4) }, 'live', now)).toEqual({
      kind: 'good',
      text: 'Live · 24 ms',
    })
    expect(linkWords({ status: 'live', rtt_ms: 24, at: ago(60) }, 'live', now).kind).toBe('unknown')
  })
  it('tells what the attachment does', () => {
    const live = { status: 'live', rtt_ms: 24, at: ago(1) } as const
    expect(linkWords(live, 'catching_up', now).text).toBe('Catching up…')
    expect(linkWords(live, 'waiting', now).text).toBe('Attaching…')
    expect(linkWords(live, 'refused', now).kind).toBe('failed')
  })
  it('counts down to the next attempt', () => {
    const away = { status: 'reconnecting', since: ago(10), retry_at: now.getTime() + 3_200 } as const
    expect(linkWords(away, 'waiting', now).text).toMatch(/^Stale since .* · reconnecting in 4 s$/)
    expect(linkWords(away, 'waiting', now).short).toMatch(/^Stale since [^·]*$/)
    expect(linkWords({ ...away, retry_at: ago(1) }, 'waiting', now).text).toMatch(/· reconnecting$/)
    expect(linkWords({ status: 'machine_offline', since: ago(90) }, 'waiting', now).text).toMatch(/^Machine offline/)
  })
})
