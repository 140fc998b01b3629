import { useCallback, useState } from 'react'

/** Code that is fetched when it is first needed. */
export interface LazyModule<T> {
  /** The module once it is there. */
  get(): T | null
  load(): Promise<T>
}

/** A module that is fetched once; a failed attempt is forgotten, so that the next one tries again. */
export function lazyModule<T>(fetch: () => Promise<T>): LazyModule<T> {
  let loaded: T | null = null
  let pending: Promise<T> | null = null
  return {
    get: () => loaded,
    load: () => {
      pending ??= fetch().then(
        (module) => (loaded = module),
        (cause: unknown) => {
          pending = null
          throw cause
        },
      )
      return pending
    },
  }
}

/** The module when it is there, and the way to ask for it. Without a network nothing happens; asking again tries again. */
export function useModule<T>(source: LazyModule<T>): [module: T | null, load: (then?: () => void) => void] {
  const [module, setModule] = useState<T | null>(() => source.get())
  const load = useCallback(
    (then?: () => void) => {
      source.load().then(
        (loaded) => {
          setModule(() => loaded)
          then?.()
        },
        () => undefined,
      )
    },
    [source],
  )
  return [module, load]
}
