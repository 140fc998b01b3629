import { z } from 'zod'
import { message } from './base.ts'

/** Load and space of the machine: `cpu` is 0..1 over all cores, the rest is bytes. */
export const HealthReportSchema = z.object({
  cpu: z.number().min(0),
  memory_used: z.number().nonnegative(),
  memory_total: z.number().nonnegative(),
  disk_used: z.number().nonnegative(),
  disk_total: z.number().nonnegative(),
})
export type HealthReport = z.infer<typeof HealthReportSchema>

/** R up, event, every 30 s. */
export const RuntimeHealthSchema = message('runtime.health', {
  ...HealthReportSchema.shape,
  uptime_s: z.number().nonnegative(),
})
export type RuntimeHealthMessage = z.infer<typeof RuntimeHealthSchema>
