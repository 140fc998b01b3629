import { idSchema } from '@pilot/domain/ids'
import { z } from 'zod'
import { TerminalStatusSchema } from '../terminal/model.ts'
import { CounterSchema, message } from './base.ts'

/** R up, event: the first message of every connection, and the answer to `runtime.resync`. */
export const RuntimeHelloSchema = message('runtime.hello', {
  runtime_id: idSchema('runtime'),
  /** New at every start of the daemon; tells a reconnect from a copied data directory. */
  boot_id: z.string().min(8).max(80),
  version: z.string().max(64),
  /** Versions that it speaks. 0 was never released: it is there so that a too old one can be told with 4010. */
  protocol: z.object({ min: z.number().int().nonnegative(), max: z.number().int().nonnegative() }),
  os: z.string().max(64),
  arch: z.string().max(64),
  system: z.record(z.string(), z.unknown()),
  capabilities: z.record(z.string(), z.boolean()),
  /** What the runtime holds, whether or not the control plane still assigns it. */
  workspaces: z.array(z.object({ workspace_id: idSchema('workspace'), generation: CounterSchema })).max(10_000),
  /** Terminals that this machine holds; missing from releases before protocol 2. */
  terminals: z
    .array(TerminalStatusSchema.extend({ workspace_id: idSchema('workspace') }))
    .max(1_000)
    .default([]),
})
export type RuntimeHelloMessage = z.infer<typeof RuntimeHelloSchema>
