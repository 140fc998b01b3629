export { type Gateway, makeApp } from './app.ts'
export type {
  GatewayConfig,
  GatewayDeps,
  GatewayKeys,
  Limits,
  Logger,
  OAuthProvider,
  PagesPort,
  RequestInfo,
  Stage,
} from './deps.ts'
export { DEFAULT_LIMITS, silentLogger } from './deps.ts'
export { allowedAddresses } from './http/origin.ts'
export { makeHubBackend } from './runtime/hub-backend.ts'
