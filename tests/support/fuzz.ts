import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { type IdKind, newId } from '@pilot/domain/ids'
import { encodeFrame, FRAME_KIND } from '@pilot/protocol/frame'
import { z } from 'zod'
import type { Random } from './random.ts'

type Schema = Record<string, unknown>

/** Values that are no honest message's, by what they break. */
const NASTY: readonly unknown[] = [
  null,
  true,
  -1,
  0,
  0.5,
  2 ** 31,
  2 ** 53,
  -(2 ** 53),
  1e308,
  '',
  '\ud800',
  '\u0000',
  'x'.repeat(5_000),
  '../../etc/passwd',
  '\u001b]52;c;cGlsb3Q=\u0007',
  [],
  {},
  { __proto__: null },
  [[[[[[[[]]]]]]]],
]

/**
 * Makes messages of a schema: every kind of message that it knows, with values that it takes. Values of
 * `known` are taken for fields of that name, mostly, so that some messages name what exists; its lists may grow.
 */
export class MessageMaker {
  readonly #kinds: Schema[]
  readonly #random: Random
  readonly #known: Record<string, readonly (string | number)[]>

  constructor(schema: z.ZodType, random: Random, known: Record<string, readonly (string | number)[]>) {
    const json = z.toJSONSchema(schema, { unrepresentable: 'any', io: 'input' }) as Schema
    this.#kinds = (json.oneOf ?? json.anyOf ?? [json]) as Schema[]
    this.#random = random
    this.#known = known
  }

  /** A message that the schema takes. */
  valid(): Record<string, unknown> {
    return this.#value(this.#random.pick(this.#kinds), '') as Record<string, unknown>
  }

  /** A message, as text, that was valid before something happened to it; now and then nothing did. */
  text(): string {
    const random = this.#random
    const message = this.valid()
    const keys = Object.keys(message)
    switch (random.int(0, 5)) {
      case 0:
        Reflect.deleteProperty(message, random.pick(keys))
        break
      case 1:
      case 2:
        message[random.pick(keys)] = random.pick(NASTY)
        break
      case 3:
        Reflect.set(message, random.pick(['__proto__', 'constructor', 'toString', 'type']), random.pick(NASTY))
        break
    }
    const text = JSON.stringify(message)
    if (random.int(0, 4) > 0) return text
    const at = random.int(0, text.length - 1)
    return random.pick([
      text.slice(0, at),
      `${text.slice(0, at)}${random.pick(['{', '}', '"', ',', '\u0000', '9', '\ufeff'])}${text.slice(at + 1)}`,
      text.replace(/\d+/g, (digits) => (random.next() < 0.3 ? String(random.int(0, 2 ** 31)) : digits)),
      text + text,
    ])
  }

  /** A binary frame for one of the channels, or for any, whole or damaged. */
  frame(channels: readonly number[]): Uint8Array<ArrayBuffer> {
    const random = this.#random
    const bytes = encodeFrame({
      kind: random.pick(Object.values(FRAME_KIND)),
      channel: channels.length > 0 && random.int(0, 3) > 0 ? random.pick(channels) : random.int(1, 10_000),
      offset: random.pick([0, 0, random.int(0, 1_000), random.int(0, 2 ** 31), Number.MAX_SAFE_INTEGER]),
      payload: new Uint8Array(random.int(0, 200)).fill(random.int(0, 255)),
    })
    for (let count = random.int(0, 3) - 1; count > 0; count--)
      bytes[random.int(0, bytes.length - 1)] = random.int(0, 255)
    return random.int(0, 30) === 0 ? bytes.slice(0, random.int(0, bytes.length)) : bytes
  }

  #value(schema: Schema, name: string): unknown {
    const random = this.#random
    if ('const' in schema) return schema.const
    const known = this.#known[name]
    if (known && known.length > 0 && random.int(0, 9) > 0) return random.pick(known)
    if (Array.isArray(schema.enum)) return random.pick(schema.enum)
    const choices = (schema.oneOf ?? schema.anyOf) as Schema[] | undefined
    if (choices) return this.#value(random.pick(choices), name)
    switch (schema.type) {
      case 'object':
        return this.#object(schema)
      case 'array':
        return this.#array(schema, name)
      case 'boolean':
        return random.next() < 0.5
      case 'null':
        return null
      case 'integer':
      case 'number': {
        const min = Number(schema.minimum ?? 0)
        const max = Math.min(Number(schema.maximum ?? 1_000), random.pick([10, 1_000, 100_000, 2 ** 53 - 1]))
        return random.int(min, Math.max(min, max))
      }
      case 'string':
        return this.#string(schema)
      default:
        return this.#id(name) ?? random.pick(NASTY)
    }
  }

  #object(schema: Schema): Record<string, unknown> {
    const required = new Set((schema.required ?? []) as string[])
    const made: Record<string, unknown> = {}
    for (const [key, value] of Object.entries((schema.properties ?? {}) as Record<string, Schema>))
      if (required.has(key) || this.#random.next() < 0.5) made[key] = this.#value(value, key)
    return made
  }

  #array(schema: Schema, name: string): unknown[] {
    const tuple = schema.prefixItems as Schema[] | undefined
    if (tuple) return tuple.map((item) => this.#value(item, name))
    const count = this.#random.int(0, Math.min(3, Number(schema.maxItems ?? 3)))
    return Array.from({ length: count }, () => this.#value((schema.items ?? {}) as Schema, name))
  }

  #string(schema: Schema): string {
    const random = this.#random
    const pattern = String(schema.pattern ?? '')
    if (pattern.startsWith('^[A-Z]')) return 'GET'
    if (pattern.startsWith('^\\/')) return '/x'
    if (schema.format === 'date-time') return '2026-01-01T00:00:00Z'
    if (schema.format === 'uri') return 'https://app.invalid/'
    const text = random.pick(['abcdefgh', 'e1', 'writer-0001', 'x'.repeat(40), 'request-0001'])
    const most = Number(schema.maxLength ?? 40)
    return text.padEnd(Number(schema.minLength ?? 0), 'x').slice(0, pattern ? 40 : most)
  }

  #id(name: string): string | null {
    const kind = ID_FIELDS[name]
    return kind ? newId(kind) : null
  }
}

const ID_FIELDS: Record<string, IdKind> = {
  workspace_id: 'workspace',
  runtime_id: 'runtime',
  instance_id: 'instance',
  user_id: 'user',
  holder: 'user',
  created_by: 'user',
  terminal_id: 'terminal',
  agent_session_id: 'agent_session',
}

/** Memory that is in use after a collection, in MiB. */
export function usedMiB(): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  collect()
  return process.memoryUsage().heapUsed / 1_048_576
}
