import { z } from 'zod'
import { message } from './base.ts'

/** R up, event: these lists of the machine are worth reading again. */
export const InventoryChangedSchema = message('inventory.changed', {
  kinds: z.array(z.enum(['worktrees', 'clones', 'processes', 'disk'])).min(1),
})
export type InventoryChangedMessage = z.infer<typeof InventoryChangedSchema>
