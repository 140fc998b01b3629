import { ANCHOR_EVERY, TITLE_MAX } from './limits.ts'
import { KIND, KIND2, type Question, WELL } from './questions.ts'
import { type SavedCursor, ScreenState } from './screen-state.ts'
import { type CsiParams, type ScanSink, VtScanner } from './vt-scanner.ts'

export interface TrackerEvents {
  onTitle(): void
  onBell(): void
  /** The program asks its terminal something. `answer` is null when it is not known here. */
  onQuestion?(question: Question, answer: string | null): void
}

/** A state of the screen that output can be replayed from. */
export interface Anchor {
  readonly offset: number
  /** What brings a fresh emulator into this state. */
  sequences(): Uint8Array
}

/** A place after a line's end, from which a replay may come to show the same screen. */
interface Mark {
  offset: number
  state: ScreenState
  /** Line feeds when it was made. */
  feeds: number
  /** Line feeds that followed before anything else moved the cursor between lines; null while that goes on. */
  depth: number | null
}

interface Saved extends SavedCursor {
  at: number
  /** Line feeds when it was saved. */
  feeds: number
}

class StateAnchor implements Anchor {
  readonly offset: number
  readonly mark: Mark

  constructor(mark: Mark) {
    this.offset = mark.offset
    this.mark = mark
  }

  sequences(): Uint8Array {
    return this.mark.state.sequences()
  }
}

/** Sequences that stay within the line, by their final byte: the lines around are the same wherever the cursor is. */
const WITHIN_LINE = new Set([...'@CaDG`IZXPKbmncgtspu'].map((final) => final.charCodeAt(0)))
const code = (character: string) => character.charCodeAt(0)
const HOME = code('H')
const POSITION = code('f')
const ERASE_DISPLAY = code('J')
const ATTRIBUTES = code('c')
const REPORT = code('n')
const REQUEST = code('p')
const SET = code('h')
const RESET = code('l')

/**
 * Follows what output does to a screen without drawing it: title, bells, modes, and places from which a replay onto an
 * empty screen comes to show what the real one shows.
 *
 * Such a place is a line's end in the main screen after which two screenfuls of line feeds follow before anything else
 * moves the cursor between lines: the first brings the cursor of the real and of the replayed screen to the bottom, the
 * second scrolls away whatever stood there before. From then on both are equal, and so is what is drawn later, as long as
 * nothing older comes back: a saved cursor of before, or lines that a larger screen pulls out of the scrollback.
 */
export class ScreenTracker implements ScanSink {
  readonly #scanner = new VtScanner(this)
  readonly #events: TrackerEvents
  readonly #state = new ScreenState()
  #rows: number
  #offset = 0
  #title = ''
  #feeds = 0
  /** Proven places, oldest first, and the one that waits for its line feeds. */
  #anchors: StateAnchor[] = []
  /** Places that were proven once, until something of before them came back: some rows may be drawn elsewhere. */
  #doubtful: StateAnchor[] = []
  #candidate: Mark | null = null
  /** Line feeds at which the candidate is proven. */
  #provenAt = Number.POSITIVE_INFINITY
  /** The cursor that was saved last in each screen; null when none was. */
  #saved: { main: Saved | null; alternate: Saved | null } = { main: null, alternate: null }
  /** End of a sequence that put the cursor home, and of one that cleared the screen. */
  #homeAt = -1
  #clearedAt = -1

  readonly #every: number

  /** `every` is the least distance between two places, in bytes. */
  constructor(rows: number, events: TrackerEvents, every = ANCHOR_EVERY) {
    this.#rows = rows
    this.#events = events
    this.#every = every
  }

  get title(): string {
    return this.#title
  }

  scan(bytes: Uint8Array): void {
    this.#scanner.scan(bytes, this.#offset)
    this.#offset += bytes.length
  }

  resized(rows: number): void {
    // A larger screen shows lines of the scrollback again, and lines are wrapped anew: only those are the same in a
    // replay that came after the place.
    const needed = 2 * (this.#rows + rows)
    this.#keep(({ mark }) => (mark.depth ?? this.#feeds - mark.feeds) >= needed)
    this.#drop()
    this.#rows = rows
    if (!this.#state.alternate) this.#state.region = false
  }

  /** Output before `offset` is no longer kept. */
  forgetBefore(offset: number): void {
    this.#anchors = from(this.#anchors, offset)
    this.#doubtful = from(this.#doubtful, offset)
  }

  get newestAnchor(): Anchor | null {
    return this.#anchors.at(-1) ?? null
  }

  /** The oldest place at `offset` or later. */
  anchorFrom(offset: number): Anchor | null {
    return this.#anchors.find((anchor) => anchor.offset >= offset) ?? null
  }

  /**
   * The oldest place at `offset` or later whose replay shows every line, but perhaps not every row of the screen where it
   * belongs.
   */
  doubtfulFrom(offset: number): Anchor | null {
    return this.#doubtful.find((anchor) => anchor.offset >= offset) ?? null
  }

  /** What brings a fresh emulator into the present state, without its cells. */
  sequences(): Uint8Array {
    return this.#state.sequences()
  }

  control(byte: number, at: number): void {
    if (byte === 0x07) this.#events.onBell()
    else if (byte === 0x0a || byte === 0x0b || byte === 0x0c) this.#feed()
    else if (byte === 0x0e) this.#state.shift(1)
    else if (byte === 0x0f) this.#state.shift(0)
    else if (byte === 0x88) this.#tabSet()
    // IND and NEL go down like a line feed; NEL returns the carriage, too.
    else if (byte === 0x85) this.newLine(at)
    else if (byte === 0x84) this.#feed()
  }

  newLine(at: number): void {
    this.#feed()
    if (this.#candidate === null) this.#offer(at + 1)
  }

  escape(intermediates: string, final: number, at: number): void {
    const state = this.#state
    if (intermediates !== '') {
      if (intermediates === '%') state.defaultCharset()
      else if (intermediates.length === 1 && intermediates !== '#') state.designate(intermediates, final)
      else this.#moved()
      return
    }
    switch (String.fromCharCode(final)) {
      case '7':
        this.#save(at)
        return
      case '8':
        this.#restore()
        return
      case 'D':
        this.#feed()
        return
      case 'E':
        this.newLine(at)
        return
      case 'H':
        this.#tabSet()
        return
      case 'c':
        this.#fresh(at + 1)
        return
      case '=':
        state.keypad(true)
        return
      case '>':
        state.keypad(false)
        return
      case 'n':
      case '}':
        state.shift(2)
        return
      case 'o':
      case '|':
        state.shift(3)
        return
      case '~':
        state.shift(1)
        return
      case '\\':
        return
      default:
        this.#moved()
    }
  }

  csi(prefix: number, intermediates: string, params: CsiParams, final: number, begin: number, end: number): void {
    if (this.#question(prefix, intermediates, params.get(0), final)) return
    if (prefix === 0 && intermediates === '') this.#plain(params, final, begin, end)
    else if (prefix === 0x3f && intermediates === '' && (final === SET || final === RESET)) {
      for (let i = 0; i < params.length; i += 1) this.#privateMode(params.get(i), final === SET, end)
    } else if (prefix === 0 && intermediates === '!' && final === code('p')) {
      this.#state.softReset()
      if (this.#state.alternate) this.#saved.alternate = null
      else this.#saved.main = null
      this.#moved()
    } else if (prefix === 0 && intermediates === ' ' && final === code('q')) this.#state.cursorStyle = params.get(0)
    else if (intermediates !== '$' && (prefix === 0 || prefix === 0x3f) && !WITHIN_LINE.has(final)) this.#moved()
  }

  osc(payload: Uint8Array): void {
    const separator = payload.indexOf(0x3b)
    if (separator < 1 || separator > 2) return
    const kind = new TextDecoder().decode(payload.subarray(0, separator))
    if (kind === '8') this.#state.link = payload.at(-1) !== 0x3b
    if (kind !== '0' && kind !== '2') return
    const title = cleanTitle(new TextDecoder().decode(payload.subarray(separator + 1)))
    if (title === this.#title) return
    this.#title = title
    this.#events.onTitle()
  }

  /** True for a question, which changes nothing. */
  #question(prefix: number, intermediates: string, param: number, final: number): boolean {
    if (final !== ATTRIBUTES && final !== REPORT && final !== REQUEST) return false
    const dec = prefix === 0x3f
    if (final === REQUEST) {
      if (intermediates !== '$' || (prefix !== 0 && !dec)) return false
      return this.#ask('mode', `\x1b[${dec ? '?' : ''}${param};${this.#state.modeReport(param, dec)}$y`)
    }
    if (intermediates !== '') return false
    if (final === ATTRIBUTES && param === 0) {
      if (prefix === 0) return this.#ask('kind', KIND)
      if (prefix === 0x3e) return this.#ask('kind2', KIND2)
    }
    if (final === REPORT && prefix === 0 && param === 5) return this.#ask('well', WELL)
    return final === REPORT && (prefix === 0 || dec) && param === 6 && this.#ask('cursor', null)
  }

  #ask(question: Question, answer: string | null): true {
    this.#events.onQuestion?.(question, answer)
    return true
  }

  #plain(params: CsiParams, final: number, begin: number, end: number): void {
    if (final === code('m')) this.#state.render(params)
    else if (final === SET || final === RESET) {
      for (let i = 0; i < params.length; i += 1) {
        if (params.get(i) === 4) this.#state.insert = final === SET
        else if (params.get(i) === 20) this.#state.lineFeedReturns = final === SET
      }
    } else if (final === code('s')) this.#save(begin)
    else if (final === code('u')) this.#restore()
    else if (final === code('g')) this.#tabSet()
    else if (final === code('r')) this.#region(params)
    else if (final === HOME || final === POSITION) this.#home(params, begin, end)
    else if (final === ERASE_DISPLAY) this.#erase(params.get(0), begin, end)
    else if (!WITHIN_LINE.has(final)) this.#moved()
  }

  #privateMode(mode: number, on: boolean, at: number): void {
    const state = this.#state
    if (mode === 1048 || mode === 1049) {
      if (on) this.#save(at)
      else if (mode === 1048) this.#restore()
    }
    if (mode === 47 || mode === 1047 || mode === 1049) {
      const was = state.alternate
      state.alternate = on
      this.#moved()
      // Back in the main screen the cursor is where it was saved there.
      if (!on && mode === 1049) this.#restore()
      if (was && !on) this.#state.region = false
      return
    }
    if (mode === 3 || mode === 6) this.#moved()
    state.privateMode(mode, on)
  }

  #feed(): void {
    // The alternate screen has a cursor and lines of its own.
    if (this.#state.alternate) return
    this.#feeds += 1
    if (this.#feeds < this.#provenAt || !this.#candidate) return
    this.#anchors.push(new StateAnchor(this.#candidate))
    this.#candidate = null
    this.#provenAt = Number.POSITIVE_INFINITY
  }

  /** Takes a line's end as a possible place, unless one is near already or the state cannot be told in sequences. */
  #offer(offset: number): void {
    const last = this.#anchors.at(-1)
    if (last && offset - last.offset < this.#every) return
    const state = this.#state
    if (!state.tellable) return
    // With this mode a backspace goes back to the line before.
    if (state.hasMode(45)) return
    this.#candidate = { offset, state: state.clone(), feeds: this.#feeds, depth: null }
    this.#provenAt = this.#feeds + 2 * this.#rows
  }

  #drop(): void {
    this.#candidate = null
    this.#provenAt = Number.POSITIVE_INFINITY
  }

  /** The cursor went to another line, or lines changed that the replay may not have. */
  #moved(): void {
    this.#drop()
    for (let i = this.#anchors.length - 1; i >= 0; i -= 1) {
      const mark = this.#anchors[i]?.mark
      if (!mark || mark.depth !== null) break
      mark.depth = this.#feeds - mark.feeds
    }
  }

  /** The whole screen is known: empty, with the cursor at home. Nothing before matters, except to the scrollback. */
  #known(offset: number): void {
    const state = this.#state
    if (!state.tellable) return
    if (state.rendition.background !== -1) return
    const last = this.#anchors.at(-1)
    if (last && offset - last.offset < this.#every) return
    this.#anchors.push(new StateAnchor({ offset, state: state.clone(), feeds: this.#feeds, depth: 0 }))
  }

  #fresh(offset: number): void {
    this.#state.reset()
    this.#saved = { main: null, alternate: null }
    this.#moved()
    this.#known(offset)
  }

  #home(params: CsiParams, begin: number, end: number): void {
    this.#moved()
    if (params.get(0) > 1 || params.get(1) > 1) return
    this.#homeAt = end
    if (this.#clearedAt === begin) this.#known(end)
  }

  #erase(kind: number, begin: number, end: number): void {
    // What lies below the cursor is empty afterwards on both screens.
    if (kind === 0) return
    this.#moved()
    if (kind === 3 && this.#homeAt === begin) this.#homeAt = end
    if (kind === 3 && this.#clearedAt === begin) this.#clearedAt = end
    if (kind !== 2) return
    this.#clearedAt = end
    if (this.#homeAt !== begin) return
    this.#homeAt = end
    this.#known(end)
  }

  #region(params: CsiParams): void {
    this.#moved()
    const top = Math.max(1, params.get(0))
    const last = params.get(1)
    const bottom = params.length < 2 || last === 0 || last > this.#rows ? this.#rows : last
    if (bottom > top) this.#state.region = top > 1 || bottom < this.#rows
  }

  #save(at: number): void {
    const saved = { ...this.#state.saveCursor(), at, feeds: this.#feeds }
    if (this.#state.alternate) this.#saved.alternate = saved
    else this.#saved.main = saved
  }

  /**
   * A cursor that was saved before a place is not known to a replay from there. One with line feeds since then goes to a
   * row that depends on how much scrollback there is.
   */
  #restore(): void {
    this.#moved()
    const saved = this.#state.alternate ? this.#saved.alternate : this.#saved.main
    this.#state.restoreCursor(saved)
    if (!saved) return
    const stays = saved.feeds === this.#feeds
    this.#keep(({ offset }) => stays && offset <= saved.at)
  }

  /** The others lead to a screen that may differ. */
  #keep(holds: (anchor: StateAnchor) => boolean): void {
    const lost = this.#anchors.filter((anchor) => !holds(anchor))
    if (lost.length === 0) return
    this.#anchors = this.#anchors.filter(holds)
    this.#doubtful = [...this.#doubtful, ...lost].toSorted((one, other) => one.offset - other.offset)
  }

  #tabSet(): void {
    if (!this.#state.alternate) this.#state.customTabs = true
    this.#drop()
  }
}

/** Those at `offset` or later, the same list when that is all of them. */
function from(anchors: StateAnchor[], offset: number): StateAnchor[] {
  const first = anchors[0]
  return first && first.offset < offset ? anchors.filter((anchor) => anchor.offset >= offset) : anchors
}

/** One line without control, format or private characters, at most `TITLE_MAX` of them. */
function cleanTitle(text: string): string {
  return [...text.replaceAll(/[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/gu, '')]
    .slice(0, TITLE_MAX)
    .join('')
    .slice(0, TITLE_MAX)
}
