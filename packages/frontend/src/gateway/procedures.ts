import type { Contract } from '@pilot/protocol/api/contract'
import type { z } from 'zod'

type Router = keyof Contract & string
type ProcedureName<R extends Router> = keyof Contract[R] & string
type At<P extends string> = P extends `${infer R extends Router}.${infer N}`
  ? N extends ProcedureName<R>
    ? Contract[R][N]
    : never
  : never

/** `router.procedure` of every procedure of one type. */
type PathOf<T extends 'query' | 'mutation'> = {
  [R in Router]: { [N in ProcedureName<R>]: Contract[R][N] extends { type: T } ? `${R}.${N}` : never }[ProcedureName<R>]
}[Router]

export type QueryPath = PathOf<'query'>
export type MutationPath = PathOf<'mutation'>
export type ProcedurePath = QueryPath | MutationPath

/** What a procedure takes, before defaults are filled in. */
export type InputOf<P extends ProcedurePath> = At<P> extends { input: infer I extends z.ZodType } ? z.input<I> : never
/** What a procedure answers. */
export type OutputOf<P extends ProcedurePath> =
  At<P> extends { output: infer O extends z.ZodType } ? z.output<O> : never
/** The input as an argument that may be left out where the procedure takes none. */
export type InputArgs<P extends ProcedurePath> =
  undefined extends InputOf<P> ? [input?: InputOf<P>] : [input: InputOf<P>]
