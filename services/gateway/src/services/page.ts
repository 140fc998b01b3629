import { PilotError } from '@pilot/domain/errors'

export interface PageInput {
  cursor?: string | undefined
  limit?: number | undefined
}
const DEFAULT_PAGE = 100

/** Size of a page and where it begins: ids sort by creation, so the last id of a page is the cursor of the next. */
export function page<C extends string>(input: PageInput, isCursor: (value: string) => value is C) {
  if (input.cursor !== undefined && !isCursor(input.cursor))
    throw new PilotError('VALIDATION_FAILED', '"cursor": is not one that this list gave out')
  return { limit: input.limit ?? DEFAULT_PAGE, after: input.cursor }
}
