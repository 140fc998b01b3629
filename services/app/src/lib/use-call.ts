import { type PilotClientError, toClientError } from '@pilot/frontend/errors'
import type { InputOf, MutationPath, OutputOf, QueryPath } from '@pilot/frontend/gateway/procedures'
import { type UseMutationResult, useMutation } from '@tanstack/react-query'
import { gateway } from './gateway.ts'

interface CallOptions<P extends MutationPath> {
  /** Reads that the call makes old; they are read again before the call counts as done. */
  invalidates?: readonly QueryPath[]
  onSuccess?: (output: OutputOf<P>, input: InputOf<P>) => void
  onError?: (error: PilotClientError) => void
}

/** One mutation of the contract with its progress and its error. */
export function useCall<P extends MutationPath>(
  path: P,
  options: CallOptions<P> = {},
): UseMutationResult<OutputOf<P>, PilotClientError, InputOf<P>> {
  return useMutation<OutputOf<P>, PilotClientError, InputOf<P>>({
    ...gateway.mutation(path),
    onSuccess: async (output, input) => {
      await gateway.invalidate(...(options.invalidates ?? []))
      options.onSuccess?.(output, input)
    },
    onError: (error) => options.onError?.(toClientError(error)),
  })
}
