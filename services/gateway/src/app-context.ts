import { makeSealer, type Sealer } from './crypto/seal.ts'
import type { GatewayDeps } from './deps.ts'

/** What services are given: the dependencies of the shell and what is made of them once. */
export interface App extends GatewayDeps {
  sealer: Sealer
}
export const makeAppContext = (deps: GatewayDeps): App => ({ ...deps, sealer: makeSealer(deps.keys.kek) })
