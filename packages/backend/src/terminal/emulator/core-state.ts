import type { IBufferCell, Terminal } from '@xterm/headless'
import { z } from 'zod'

/**
 * What the emulator's own interface does not say: it is read from inside, where another version may keep it elsewhere.
 * The version is pinned, and everything that is read is checked here, so that an upgrade fails loudly.
 */
const RenditionSchema = z.object({ fg: z.number(), bg: z.number() })
const ExtendedSchema = z.object({ _ext: z.number(), _urlId: z.number() })

const ScreenSchema = z.object({
  x: z.number(),
  y: z.number(),
  ybase: z.number(),
  scrollTop: z.number(),
  scrollBottom: z.number(),
  /** Column to true. */
  tabs: z.record(z.string(), z.boolean()),
  savedX: z.number(),
  /** Counted from the first line of the history. */
  savedY: z.number(),
  savedCurAttrData: RenditionSchema,
  /** A table of characters, which is the same object wherever it is used; undefined for ASCII. */
  savedCharset: z.unknown().optional(),
})
/** One of the two screens. */
export type CoreScreen = z.infer<typeof ScreenSchema>

export interface LinkData {
  uri: string
  id?: string | undefined
}
const isLinkService = (value: unknown): value is { getLinkData(id: number): LinkData | undefined } =>
  typeof value === 'object' && value !== null && 'getLinkData' in value && typeof value.getLinkData === 'function'

const CoreSchema = z.object({
  buffers: z.object({ normal: ScreenSchema, alt: ScreenSchema }),
  _inputHandler: z.object({
    _curAttrData: RenditionSchema.extend({ extended: ExtendedSchema }),
    _parser: z.object({ precedingJoinState: z.number() }),
  }),
  _charsetService: z.object({
    charset: z.unknown().optional(),
    glevel: z.number(),
    _charsets: z.array(z.unknown()),
  }),
  coreService: z.object({
    isCursorHidden: z.boolean(),
    decPrivateModes: z.object({
      cursorStyle: z.enum(['block', 'underline', 'bar']).optional(),
      cursorBlink: z.boolean().optional(),
    }),
  }),
  coreMouseService: z.object({ activeEncoding: z.enum(['DEFAULT', 'SGR', 'SGR_PIXELS']) }),
  _oscLinkService: z.custom<{ getLinkData(id: number): LinkData | undefined }>(isLinkService),
})
export type CoreState = z.infer<typeof CoreSchema>

/** Everything as it is now. Throws when the emulator is not the one that is known here. */
export function readCore(terminal: Terminal): CoreState {
  return CoreSchema.parse('_core' in terminal ? terminal._core : null)
}

/** A cell with its colours and flags as the emulator packs them, see `rendition.ts`. */
export interface CoreCell extends IBufferCell {
  fg: number
  bg: number
  /** Belongs to this cell only where the flags say so. */
  extended: z.infer<typeof ExtendedSchema>
}

/** A cell to read others into. Throws when the emulator is not the one that is known here. */
export function coreCell(terminal: Terminal): CoreCell {
  const cell = terminal.buffer.active.getNullCell()
  if (!isCoreCell(cell)) throw new Error('the cells of the emulator are not as they were')
  return cell
}

const isCoreCell = (cell: IBufferCell): cell is CoreCell =>
  RenditionSchema.extend({ extended: ExtendedSchema }).safeParse(cell).success

const DESIGNATORS = '0A4C5RQKYE6ZH7='

/**
 * The letters that name the tables of characters. This changes the terminal: whatever else is asked of it comes before.
 */
export async function charsetLetters(terminal: Terminal): Promise<ReadonlyMap<unknown, string>> {
  const letters = new Map<unknown, string>([[undefined, 'B']])
  for (const letter of DESIGNATORS) {
    await new Promise<void>((resolve) => terminal.write(`\x1b(${letter}`, resolve))
    letters.set(readCore(terminal)._charsetService._charsets[0], letter)
  }
  return letters
}
