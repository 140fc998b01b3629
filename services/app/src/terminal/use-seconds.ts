import { useEffect, useState } from 'react'

/** The current time: every second while something counts, else every ten. */
export function useSeconds(counting: boolean): Date {
  const [now, setNow] = useState(() => new Date())
  useEffect(() => {
    setNow(new Date())
    const timer = setInterval(() => setNow(new Date()), counting ? 1_000 : 10_000)
    return () => clearInterval(timer)
  }, [counting])
  return now
}
