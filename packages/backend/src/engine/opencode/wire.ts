import { z } from 'zod'

/** OpenCode 1.18's v1 JSON as far as it is read here. Unknown fields and unknown part types are let through unread. */

const Time = z.looseObject({ start: z.number().optional(), end: z.number().optional() })
const Metadata = z.record(z.string(), z.unknown())

export const WireErrorSchema = z.looseObject({
  name: z.string(),
  data: z
    .looseObject({
      message: z.string().optional(),
      statusCode: z.number().optional(),
      responseBody: z.string().optional(),
    })
    .optional(),
})
export type WireError = z.infer<typeof WireErrorSchema>

export const WireSessionSchema = z.looseObject({
  id: z.string(),
  directory: z.string(),
  parentID: z.string().optional(),
  title: z.string(),
  metadata: Metadata.optional(),
})
export type WireSession = z.infer<typeof WireSessionSchema>

export const WireMessageSchema = z.looseObject({
  id: z.string(),
  sessionID: z.string(),
  role: z.enum(['user', 'assistant']),
  time: z.looseObject({ created: z.number(), completed: z.number().optional() }),
  error: WireErrorSchema.optional(),
  cost: z.number().optional(),
  tokens: z
    .looseObject({
      input: z.number(),
      output: z.number(),
      reasoning: z.number(),
      cache: z.looseObject({ read: z.number() }),
    })
    .optional(),
})
export type WireMessage = z.infer<typeof WireMessageSchema>

const PartIds = { id: z.string(), messageID: z.string(), sessionID: z.string() }

export const WireTextPartSchema = z.looseObject({
  ...PartIds,
  type: z.enum(['text', 'reasoning']),
  text: z.string(),
  synthetic: z.boolean().optional(),
  ignored: z.boolean().optional(),
  time: Time.optional(),
})

export const WireToolPartSchema = z.looseObject({
  ...PartIds,
  type: z.literal('tool'),
  callID: z.string(),
  tool: z.string(),
  state: z.looseObject({
    status: z.enum(['pending', 'running', 'completed', 'error']),
    input: z.record(z.string(), z.unknown()).catch({}),
    output: z.string().optional(),
    error: z.string().optional(),
    metadata: Metadata.optional(),
    time: Time.optional(),
  }),
})
export type WireToolPart = z.infer<typeof WireToolPartSchema>

export const WireFilePartSchema = z.looseObject({
  ...PartIds,
  type: z.literal('file'),
  mime: z.string(),
  filename: z.string().optional(),
})

export const WireCompactionPartSchema = z.looseObject({ ...PartIds, type: z.literal('compaction') })

/** Null stands for the part types that carry nothing to show (step marks, snapshots, patches). */
export const WirePartSchema = z.union([
  WireTextPartSchema,
  WireToolPartSchema,
  WireFilePartSchema,
  WireCompactionPartSchema,
  z.looseObject({ type: z.string() }).transform(() => null),
])
export type WirePart = z.infer<typeof WirePartSchema>

export const WireStatusSchema = z.discriminatedUnion('type', [
  z.looseObject({ type: z.literal('idle') }),
  z.looseObject({ type: z.literal('busy') }),
  z.looseObject({ type: z.literal('retry'), attempt: z.number(), message: z.string(), next: z.number() }),
])
export type WireStatus = z.infer<typeof WireStatusSchema>

export const WirePermissionSchema = z.looseObject({
  id: z.string(),
  sessionID: z.string(),
  permission: z.string(),
  patterns: z.array(z.string()),
  metadata: Metadata,
  always: z.array(z.string()),
  tool: z.looseObject({ messageID: z.string(), callID: z.string() }).optional(),
})
export type WirePermission = z.infer<typeof WirePermissionSchema>

export const WireQuestionSchema = z.looseObject({
  id: z.string(),
  sessionID: z.string(),
  questions: z.array(
    z.looseObject({
      question: z.string(),
      header: z.string(),
      options: z.array(z.looseObject({ label: z.string(), description: z.string().catch('') })),
      multiple: z.boolean().optional(),
      custom: z.boolean().optional(),
    }),
  ),
})
export type WireQuestion = z.infer<typeof WireQuestionSchema>

export const WireTodosSchema = z.array(
  z.looseObject({ content: z.string(), status: z.string(), priority: z.string().catch('medium') }),
)

export const WireMessagesSchema = z.array(z.looseObject({ info: WireMessageSchema, parts: z.array(WirePartSchema) }))

const ofSession = <T extends z.ZodRawShape>(shape: T) => z.looseObject({ sessionID: z.string(), ...shape })

/** One event of `/global/event`. Types that are not listed are not needed here and fail to parse. */
export const WireEventSchema = z.looseObject({
  directory: z.string().optional(),
  payload: z.discriminatedUnion('type', [
    z.looseObject({ type: z.literal('server.connected') }),
    z.looseObject({ type: z.literal('session.created'), properties: ofSession({ info: WireSessionSchema }) }),
    z.looseObject({ type: z.literal('session.updated'), properties: ofSession({ info: WireSessionSchema }) }),
    z.looseObject({ type: z.literal('session.deleted'), properties: ofSession({}) }),
    z.looseObject({ type: z.literal('session.status'), properties: ofSession({ status: WireStatusSchema }) }),
    z.looseObject({
      type: z.literal('session.error'),
      properties: z.looseObject({ sessionID: z.string().optional(), error: WireErrorSchema.optional() }),
    }),
    z.looseObject({ type: z.literal('message.updated'), properties: ofSession({ info: WireMessageSchema }) }),
    z.looseObject({ type: z.literal('message.removed'), properties: ofSession({ messageID: z.string() }) }),
    z.looseObject({ type: z.literal('message.part.updated'), properties: ofSession({ part: WirePartSchema }) }),
    z.looseObject({
      type: z.literal('message.part.delta'),
      properties: ofSession({ messageID: z.string(), partID: z.string(), field: z.string(), delta: z.string() }),
    }),
    z.looseObject({
      type: z.literal('message.part.removed'),
      properties: ofSession({ messageID: z.string(), partID: z.string() }),
    }),
    z.looseObject({ type: z.literal('permission.asked'), properties: WirePermissionSchema }),
    z.looseObject({
      type: z.literal('permission.replied'),
      properties: ofSession({ requestID: z.string(), reply: z.enum(['once', 'always', 'reject']) }),
    }),
    z.looseObject({ type: z.literal('question.asked'), properties: WireQuestionSchema }),
    z.looseObject({
      type: z.literal('question.replied'),
      properties: ofSession({ requestID: z.string(), answers: z.array(z.array(z.string())) }),
    }),
    z.looseObject({ type: z.literal('question.rejected'), properties: ofSession({ requestID: z.string() }) }),
    z.looseObject({ type: z.literal('todo.updated'), properties: ofSession({ todos: WireTodosSchema }) }),
  ]),
})
export type WireEvent = z.infer<typeof WireEventSchema>
