import { integer, text } from 'drizzle-orm/sqlite-core'
import { type Id, type IdKind, newId } from '../ids.ts'

/** Primary key of the given kind, minted when the insert names none. */
export const primaryId = <K extends IdKind>(kind: K) =>
  text()
    .primaryKey()
    .$type<Id<K>>()
    .$defaultFn(() => newId(kind))

/** A TypeID column; `kind` only gives it its type. */
export const idColumn = <K extends IdKind>(_kind: K) => text().$type<Id<K>>()

/** A point in time: `Date` in rows, milliseconds since 1970 in the file. */
export const time = () => integer({ mode: 'timestamp_ms' })

export const flag = () => integer({ mode: 'boolean' })

export const json = <T>() => text({ mode: 'json' }).$type<T>()

/** `created_at` and `updated_at`: filled in where the caller gives no time of its own. */
export const timestamps = () => ({
  created_at: time()
    .notNull()
    .$defaultFn(() => new Date()),
  updated_at: time()
    .notNull()
    .$defaultFn(() => new Date())
    .$onUpdateFn(() => new Date()),
})
