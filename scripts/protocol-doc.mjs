import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ERROR_CODES } from '../packages/domain/src/errors.ts'
import { z } from '../packages/protocol/node_modules/zod/index.js'
import { contract } from '../packages/protocol/src/api/contract.ts'
import { CLOSE } from '../packages/protocol/src/close-codes.ts'
import { DownMessageSchema } from '../packages/protocol/src/down.ts'
import { UpMessageSchema } from '../packages/protocol/src/up.ts'
import { PROTOCOL_HISTORY } from '../packages/protocol/src/version.ts'
import {
  OrganizationDownMessageSchema,
  ViewerDownMessageSchema,
  ViewerUpMessageSchema,
} from '../packages/protocol/src/viewer.ts'
import { root } from './lib/run.mjs'

/** Writes the generated parts of PROTOCOL.md from the schemas; with --check it only says whether they are current. */
const FILE = join(root, 'PROTOCOL.md')

function typeName(schema, depth = 0) {
  if (schema.const !== undefined) return JSON.stringify(schema.const)
  if (schema.enum)
    return schema.enum.length > 6 ? 'one of a list' : schema.enum.map((value) => JSON.stringify(value)).join(', ')
  const union = schema.anyOf ?? schema.oneOf
  if (union) return [...new Set(union.map((part) => typeName(part, depth + 1)))].slice(0, 5).join(' or ')
  if (schema.type === 'array') return `list of ${schema.items ? typeName(schema.items, depth + 1) : 'anything'}`
  if (schema.type !== 'object') return schema.type ?? 'id'
  const names = Object.keys(schema.properties ?? {})
  return depth > 1 || names.length === 0
    ? 'object'
    : `{${names.slice(0, 9).join(', ')}${names.length > 9 ? ', …' : ''}}`
}

function messageRows(union) {
  const { oneOf, anyOf } = z.toJSONSchema(union, { unrepresentable: 'any', io: 'input' })
  return (oneOf ?? anyOf).map((schema) => {
    const required = new Set(schema.required ?? [])
    const fields = Object.entries(schema.properties).filter(([name]) => !['type', 'schema_version'].includes(name))
    const text = fields
      .map(([name, value]) => `\`${name}${required.has(name) ? '' : '?'}\` ${typeName(value)}`)
      .join('; ')
    return [`\`${schema.properties.type.const ?? schema.properties.type.enum?.join('`, `')}\``, text || '(nothing)']
  })
}

const escaped = (cell) => String(cell).replaceAll('|', '\\|')
const table = (head, rows) =>
  [
    `| ${head.join(' | ')} |`,
    `|${head.map(() => '---|').join('')}`,
    ...rows.map((row) => `| ${row.map(escaped).join(' | ')} |`),
  ].join('\n')
const messages = (union) => table(['type', 'fields'], messageRows(union))

const parts = {
  'link-r-up': messages(UpMessageSchema),
  'link-r-down': messages(DownMessageSchema),
  'link-w-up': messages(ViewerUpMessageSchema),
  'link-w-down': messages(ViewerDownMessageSchema),
  'link-o-down': messages(OrganizationDownMessageSchema),
  'close-codes': table(
    ['code', 'name'],
    Object.entries(CLOSE).map(([name, code]) => [code, name]),
  ),
  history: table(
    ['version', 'schema', 'what'],
    PROTOCOL_HISTORY.map(({ version, schema, note }) => [version, `\`${schema}\``, note]),
  ),
  errors: table(
    ['code', 'status', 'same request again can help', 'sentence'],
    Object.entries(ERROR_CODES).map(([code, { status, retryable, message }]) => [
      `\`${code}\``,
      status,
      retryable ? 'yes' : 'no',
      message,
    ]),
  ),
  procedures: table(
    ['procedure', 'kind', 'who', 'input'],
    Object.entries(contract).flatMap(([router, procedures]) =>
      Object.entries(procedures).map(([name, { type, policy, input }]) => [
        `\`${router}.${name}\``,
        type,
        policy.min ? `${policy.kind}: ${policy.min}` : policy.kind,
        typeName(z.toJSONSchema(input, { unrepresentable: 'any', io: 'input' })),
      ]),
    ),
  ),
}

const current = readFileSync(FILE, 'utf8')
let text = current
for (const [name, body] of Object.entries(parts)) {
  const pattern = new RegExp(`(<!-- generated: ${name} -->\n)[\\s\\S]*?(<!-- end -->)`)
  if (!pattern.test(text)) throw new Error(`PROTOCOL.md has no place for "${name}"`)
  text = text.replace(pattern, (_all, begin, end) => `${begin}${body}\n${end}`)
}
if (!process.argv.includes('--check')) writeFileSync(FILE, text)
else if (text !== current) {
  process.stdout.write(
    'PROTOCOL.md is not what the schemas say. Run: node_modules/.bin/node scripts/protocol-doc.mjs\n',
  )
  process.exit(1)
}
