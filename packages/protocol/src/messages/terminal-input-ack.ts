import type { z } from 'zod'
import { ChannelSchema, CounterSchema, message } from './base.ts'

/** R up and W down, event: the terminal took this writer's bytes before `offset`. Cumulative. */
export const TerminalInputAckSchema = message('terminal.input_ack', { channel: ChannelSchema, offset: CounterSchema })
export type TerminalInputAckMessage = z.infer<typeof TerminalInputAckSchema>
