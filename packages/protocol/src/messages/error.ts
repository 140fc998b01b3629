import { ErrorCodeSchema } from '@pilot/domain/errors'
import { z } from 'zod'
import { message } from './base.ts'

/** Reply to a tracked message that failed, or to one that could not be understood (then perhaps without an id). */
export const ErrorMessageSchema = message('error', {
  code: ErrorCodeSchema,
  message: z.string().max(2_000),
  retryable: z.boolean(),
})
export type ErrorMessage = z.infer<typeof ErrorMessageSchema>
