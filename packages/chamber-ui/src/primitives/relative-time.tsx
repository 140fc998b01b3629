import { useEffect, useState } from 'react'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** A short age such as "now", "2 min", "3 h", "Tue" or "4 Mar", in the reader's language where words are needed. */
export function shortAge(then: Date, now: Date): string {
  const age = now.getTime() - then.getTime()
  if (Number.isNaN(age)) return ''
  if (age < MINUTE) return 'now'
  if (age < HOUR) return `${Math.floor(age / MINUTE)} min`
  if (age < DAY) return `${Math.floor(age / HOUR)} h`
  if (age < 6 * DAY) return then.toLocaleDateString(undefined, { weekday: 'short' })
  const sameYear = then.getFullYear() === now.getFullYear()
  return then.toLocaleDateString(undefined, {
    day: 'numeric',
    month: 'short',
    ...(sameYear ? {} : { year: 'numeric' }),
  })
}

/** A clock time today ("9:12"), else day and time: for "since …". */
export function sinceWhen(then: Date, now: Date): string {
  const time = then.toLocaleTimeString(undefined, { hour: 'numeric', minute: '2-digit' })
  return then.toDateString() === now.toDateString() ? time : `${shortAge(then, now)}, ${time}`
}

/** The current time, refreshed every half minute. */
export function useNow(): Date {
  const [now, setNow] = useState(() => new Date())
  useEffect(() => {
    const timer = setInterval(() => setNow(new Date()), MINUTE / 2)
    return () => clearInterval(timer)
  }, [])
  return now
}

/** A short age that keeps itself current; the full time is its title. */
export function RelativeTime({ iso, className }: { iso: string; className?: string }) {
  const now = useNow()
  const then = new Date(iso)
  return (
    <time dateTime={iso} title={then.toLocaleString()} className={className}>
      {shortAge(then, now)}
    </time>
  )
}
