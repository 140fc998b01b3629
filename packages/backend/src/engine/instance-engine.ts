import type { ModelConfig } from '../model/config.ts'
import { createModelEndpoint, type ModelEndpoint, type ModelEndpointOptions } from '../model/endpoint.ts'
import { serveLoopback } from '../model/serve.ts'
import { createOpenCodeEngine, type OpenCodeEngine, type OpenCodeEngineOptions } from './opencode/opencode-engine.ts'
import { readEngineRecord } from './opencode/record.ts'

/** An engine together with the model endpoint that serves it alone. */
export interface InstanceEngine {
  engine: OpenCodeEngine
  model: ModelEndpoint
  /** Ends both; with `keep` the engine's process goes on for the next runtime to adopt. */
  stop(options: { keep: boolean }): Promise<void>
}

export interface InstanceEngineOptions extends Omit<OpenCodeEngineOptions, 'model'> {
  model: ModelConfig
  endpoint?: Omit<ModelEndpointOptions, 'model' | 'token'>
}

/**
 * Creates the engine of one instance. The model endpoint listens where, and takes the token that, an engine left by a
 * previous runtime knows, so that this one can be adopted. Starts no engine: call `engine.adopt()` to take that one
 * over, and `engine.ensureStarted()` (or any session call) to have one.
 */
export async function createInstanceEngine(options: InstanceEngineOptions): Promise<InstanceEngine> {
  const { model: config, endpoint, ...engineOptions } = options
  const record = await readEngineRecord(options.root)
  const model = createModelEndpoint({ ...endpoint, model: config, ...(record ? { token: record.model_token } : {}) })
  const port = record && URL.canParse(record.model_url) ? Number(new URL(record.model_url).port) : 0
  const server = await serveLoopback(model.fetch, port)
  const engine = createOpenCodeEngine({ ...engineOptions, model: { url: server.url, token: model.token } })
  return {
    engine,
    model,
    async stop(stopOptions) {
      await engine.stop(stopOptions)
      await server.close()
    },
  }
}
