import { z } from 'zod'

/** The parts of an OpenAI chat completion request that are read here; everything else passes through unread. */
const ContentSchema = z.union([
  z.string(),
  z.null(),
  z.array(z.looseObject({ type: z.string(), text: z.string().optional() })),
])

const MessageSchema = z.looseObject({
  role: z.string(),
  content: ContentSchema.optional(),
  tool_calls: z
    .array(z.looseObject({ id: z.string(), function: z.looseObject({ name: z.string(), arguments: z.string() }) }))
    .optional(),
  tool_call_id: z.string().optional(),
})

export const ChatRequestSchema = z.looseObject({
  model: z.string(),
  stream: z.literal(true),
  messages: z.array(MessageSchema),
  tools: z.array(z.unknown()).optional(),
  max_tokens: z.number().optional(),
})
export type ChatRequest = z.infer<typeof ChatRequestSchema>
export type ChatMessage = ChatRequest['messages'][number]

/** One answer chunk as far as it is checked before it is passed on. */
export const ChatChunkSchema = z.looseObject({
  choices: z
    .array(z.looseObject({ delta: z.looseObject({}).nullish(), finish_reason: z.string().nullish() }))
    .optional(),
  error: z.union([z.string(), z.looseObject({ message: z.string().optional() })]).nullish(),
})

/** Text of a message, its parts joined. */
export function textOf(message: ChatMessage): string {
  const { content } = message
  if (typeof content === 'string') return content
  if (!content) return ''
  return content.map((part) => part.text ?? '').join('\n')
}
