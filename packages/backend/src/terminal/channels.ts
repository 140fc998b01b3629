import { PilotError } from '@pilot/domain/errors'

/**
 * Terminals, writers and transfers are numbered from here on within one link. Streams of either side count up from 1 in
 * steps of two and would need a thousand million requests on one connection to arrive here.
 */
export const FIRST_TERMINAL_CHANNEL = 0x8000_0000
const LAST_CHANNEL = 0xffff_ffff

/** Gives every number once, over all connections of this process. */
export class ChannelNumbers {
  #next = FIRST_TERMINAL_CHANNEL

  take(): number {
    if (this.#next > LAST_CHANNEL)
      throw new PilotError('RUNTIME_ERROR', 'The runtime has to be restarted: its channel numbers are used up.')
    const channel = this.#next
    this.#next += 1
    return channel
  }
}
