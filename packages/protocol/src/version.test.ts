import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { DownMessageSchema } from './down.ts'
import { UpMessageSchema } from './up.ts'
import { PROTOCOL_HISTORY, PROTOCOL_VERSION } from './version.ts'
import { OrganizationDownMessageSchema, ViewerDownMessageSchema, ViewerUpMessageSchema } from './viewer.ts'

test('the schema of every message is the one that the history names', () => {
  const schemas = [
    UpMessageSchema,
    DownMessageSchema,
    ViewerUpMessageSchema,
    ViewerDownMessageSchema,
    OrganizationDownMessageSchema,
  ].map((schema) => z.toJSONSchema(schema, { unrepresentable: 'any' }))
  const hash = createHash('sha256').update(JSON.stringify(schemas)).digest('hex').slice(0, 16)
  expect(PROTOCOL_HISTORY.at(-1)?.schema).toBe(hash)
  expect(PROTOCOL_HISTORY.at(-1)?.version).toBe(PROTOCOL_VERSION)
})

test('history versions count up by one', () => {
  expect(PROTOCOL_HISTORY.map((entry) => entry.version)).toEqual(PROTOCOL_HISTORY.map((_, index) => index + 1))
})
