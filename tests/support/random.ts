/** Numbers that a seed repeats. */
export interface Random {
  readonly seed: number
  /** Uniform in [0, 1). */
  next(): number
  /** Whole number, `min` ≤ n ≤ `max`. */
  int(min: number, max: number): number
  pick<T>(items: readonly T[]): T
}

/** The seed of this run: PILOT_TEST_SEED, else a new one. Every test that uses it prints it. */
export const SEED = Number(process.env.PILOT_TEST_SEED ?? Date.now() % 1_000_000)

/** How much longer than in an ordinary run the tests with a choice go on: PILOT_TEST_SOAK, 1 by default. */
export const SOAK = Math.max(1, Number(process.env.PILOT_TEST_SOAK ?? 1))

/** mulberry32. */
export function seeded(seed: number): Random {
  let state = seed
  const next = () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 0x1_0000_0000
  }
  const int = (min: number, max: number) => min + Math.floor(next() * (max - min + 1))
  return {
    seed,
    next,
    int,
    pick<T>(items: readonly T[]): T {
      const item = items[int(0, items.length - 1)]
      if (item === undefined) throw new RangeError('nothing to pick from')
      return item
    },
  }
}
