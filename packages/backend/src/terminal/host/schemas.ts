import { CounterSchema } from '@pilot/protocol/messages/base'
import { SizeAtSchema } from '@pilot/protocol/terminal/model'
import { z } from 'zod'

/** What a holder says, as the daemon reads it: a holder may be older, newer or broken. */
export const HostStatusSchema = z.object({
  epoch: z.string().min(1).max(40),
  state: z.enum(['running', 'ended', 'error']),
  exit_code: z.number().int().nullable(),
  reason: z.string().max(500).nullable(),
  title: z.string().max(256),
  process: z.string().max(256),
  cols: z.number().int().positive(),
  rows: z.number().int().positive(),
  start_offset: CounterSchema,
  end_offset: CounterSchema,
  host_pid: z.number().int(),
  program_pid: z.number().int().nullable(),
})

export const HostHelloSchema = z.object({
  protocol: z.number().int(),
  terminal_id: z.string(),
  status: HostStatusSchema,
  accepted: z.record(z.string(), CounterSchema),
})

export const BasisHeadSchema = z.object({
  offset: CounterSchema,
  cols: z.number().int().positive(),
  rows: z.number().int().positive(),
  sizes: z.array(SizeAtSchema),
  approximate: z.boolean().default(false),
})

export const CheckpointHeadSchema = SizeAtSchema

export const HostRecordSchema = z.object({
  version: z.literal(1),
  terminal_id: z.string(),
  pid: z.number().int(),
  started: z.string(),
  socket: z.string(),
  protocol: z.number().int(),
  created_at: z.string(),
  launch: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('pty'), cwd: z.string(), argv: z.array(z.string()) }),
    z.object({
      kind: z.literal('tmux'),
      cwd: z.string(),
      session: z.string(),
      own: z.boolean(),
      server: z.string().nullable(),
      keeper: z.object({ pid: z.number().int().positive(), started: z.string() }).optional(),
    }),
  ]),
  status: HostStatusSchema,
})
export type ReadRecord = z.infer<typeof HostRecordSchema>

export const HostAnswerSchema = z.discriminatedUnion('ready', [
  z.object({ ready: z.literal(true) }),
  z.object({
    ready: z.literal(false),
    code: z.enum(['VALIDATION_FAILED', 'RUNTIME_ERROR']),
    message: z.string().max(500),
  }),
])
