import { idSchema } from '@pilot/domain/ids'
import { z } from 'zod'
import { CounterSchema } from '../messages/base.ts'

/**
 * Names one position in the output of a terminal for ever: both parts are minted by its source. The epoch changes only
 * when the byte count starts anew (a tmux session that got a new host), never because a daemon or the control plane
 * restarted.
 */
export const OutputPositionSchema = z.object({ epoch: z.string().min(1).max(40), offset: CounterSchema })
export type OutputPosition = z.infer<typeof OutputPositionSchema>

/** Smallest and largest size that a program is told; anything else is refused with VALIDATION_FAILED. */
export const MIN_COLS = 2
export const MIN_ROWS = 1
export const MAX_COLS = 1_000
export const MAX_ROWS = 500
export const ColsSchema = z.number().int().min(MIN_COLS).max(MAX_COLS)
export const RowsSchema = z.number().int().min(MIN_ROWS).max(MAX_ROWS)

/** A size that holds from `offset` of the output on. */
export const SizeAtSchema = z.object({ offset: CounterSchema, cols: ColsSchema, rows: RowsSchema })
export type SizeAt = z.infer<typeof SizeAtSchema>

/** What the machine itself says of a terminal; `starting`, `lost` and `archived` exist in the control plane's row only. */
export const LiveStateSchema = z.enum(['running', 'ended', 'error'])

/** Largest number of terminals of one runtime, whatever is configured. */
export const MAX_TERMINALS_PER_RUNTIME = 50

/** A title or process name after cleaning: one line, no control characters. */
export const TerminalTitleSchema = z.string().max(256)

/**
 * What a source says of itself: in hello, after every change, in the answer to an attach. `holder` is the user who may
 * type in exclusive mode.
 */
export const TerminalStatusSchema = z.object({
  terminal_id: idSchema('terminal'),
  epoch: z.string().min(1).max(40),
  state: LiveStateSchema,
  exit_code: z.number().int().nullable(),
  /** Why it is not running, as a sentence for the user: killed host, missing shell, … Null while it runs. */
  reason: z.string().max(500).nullable(),
  /** Set by the program (OSC 0 or 2); empty when it set none. */
  title: TerminalTitleSchema,
  /** Name of the program in the foreground; empty when unknown. */
  process: TerminalTitleSchema,
  cols: ColsSchema,
  rows: RowsSchema,
  end_offset: CounterSchema,
  mode: z.enum(['shared', 'exclusive']),
  holder: idSchema('user').nullable(),
})
export type TerminalStatus = z.infer<typeof TerminalStatusSchema>

/** Offset window, in bytes, between what was sent and what the viewer parsed; the runtime adapts it below this. */
export const WINDOW_MAX = 524_288
export const WINDOW_MIN = 2_048
/** A viewer acknowledges after this many parsed bytes, or at the next parse `ACK_AFTER_MS` after it did so last. */
export const ACK_EVERY_BYTES = 131_072
export const ACK_AFTER_MS = 50
/** The first so many after a pause are sent as soon as everything that came is parsed, if it is so much. */
export const ACKS_EARLY = 32
export const ACK_EARLY_BYTES = 4_096
export const ACK_PAUSE_MS = 1_000
/** Bytes of one writer that may be sent without being accepted. */
export const INPUT_WINDOW = 262_144
/** Largest payload of one input frame. */
export const INPUT_FRAME_MAX = 16_384
