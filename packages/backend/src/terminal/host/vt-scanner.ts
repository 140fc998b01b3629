/** What a scanner tells: only what changes the state of a screen; printed text is passed over. */
export interface ScanSink {
  /** A control character outside strings: BEL, LF, VT, FF, SO, SI, or a C1 one as its code point. */
  control(code: number, at: number): void
  /** Carriage return and line feed in a row; `control` is not called for them. */
  newLine(at: number): void
  escape(intermediates: string, final: number, at: number): void
  /** `prefix` and `intermediates` are empty or the characters themselves; the sequence ends before `end`. */
  csi(prefix: number, intermediates: string, params: CsiParams, final: number, begin: number, end: number): void
  osc(payload: Uint8Array): void
}

const PARAMS_MAX = 32
const PARAM_VALUE_MAX = 0x7fffffff

/** Numbers of a control sequence; a missing one is 0. `sub` is true for one that followed a colon. */
export class CsiParams {
  readonly values = new Int32Array(PARAMS_MAX)
  readonly sub = new Uint8Array(PARAMS_MAX)
  count = 0

  clear(): void {
    this.count = 1
    this.values[0] = 0
    this.sub[0] = 0
  }

  next(sub: boolean): void {
    this.count += 1
    if (this.count > PARAMS_MAX) return
    this.values[this.count - 1] = 0
    this.sub[this.count - 1] = sub ? 1 : 0
  }

  digit(value: number): void {
    if (this.count > PARAMS_MAX) return
    const at = this.count - 1
    this.values[at] = Math.min(PARAM_VALUE_MAX, (this.values[at] ?? 0) * 10 + value)
  }

  /** The whole value of the last one. */
  put(value: number): void {
    if (this.count <= PARAMS_MAX) this.values[this.count - 1] = value
  }

  get(index: number): number {
    return index < this.length ? (this.values[index] ?? 0) : 0
  }

  get length(): number {
    return Math.min(this.count, PARAMS_MAX)
  }
}

const GROUND = 0
const ESCAPE = 1
const ESCAPE_INTERMEDIATE = 2
const CSI_ENTRY = 3
const CSI_PARAM = 4
const CSI_INTERMEDIATE = 5
const CSI_IGNORE = 6
const OSC = 7
const DCS_HEAD = 8
/** A string whose content means nothing here: DCS, SOS, PM, APC. */
const STRING = 9

/** Bytes that a ground-state run stops at: controls that count, ESC, and the lead byte of a C1 character in UTF-8. */
const STOPS = new Uint8Array(256)
for (const byte of [0x07, 0x0a, 0x0b, 0x0c, 0x0e, 0x0f, 0x1b, 0xc2]) STOPS[byte] = 1

const OSC_KEPT = 4096

/**
 * Cuts terminal output into what changes a screen's state, following the grammar of DEC terminals as xterm.js reads it.
 * The stream may be cut anywhere and hold anything: unknown and broken sequences cost nothing but their bytes, and a
 * string without an end costs 4 KiB.
 */
export class VtScanner {
  #state = GROUND
  #begin = 0
  #prefix = 0
  #intermediates = ''
  readonly #params = new CsiParams()
  readonly #osc = new Uint8Array(OSC_KEPT)
  #oscLength = 0
  /** The last byte was the lead of a two-byte character that may be a C1 control. */
  #c1Lead = false
  #lastWasReturn = false

  constructor(private readonly sink: ScanSink) {}

  /** True between sequences and characters: a screen can be rebuilt from here. */
  get idle(): boolean {
    return this.#state === GROUND && !this.#c1Lead
  }

  /** `offset` is that of the first byte. */
  scan(bytes: Uint8Array, offset: number): void {
    const length = bytes.length
    let i = 0
    while (i < length) {
      const byte = bytes[i] ?? 0
      if (this.#c1Lead) {
        this.#c1Lead = false
        if (byte >= 0x80 && byte < 0xa0) {
          this.#c1(byte, offset + i)
          i += 1
          continue
        }
        // Any other character ends a sequence that it does not belong to.
        if (this.#state !== OSC && this.#state !== STRING) this.#state = GROUND
        else if (this.#state === OSC) this.#oscPut(0xc2)
      }
      if (this.#state === GROUND) {
        if (STOPS[byte] === 0) {
          do i += 1
          while (i < length && STOPS[bytes[i] ?? 0] === 0)
          this.#lastWasReturn = bytes[i - 1] === 0x0d
          continue
        }
        if (byte === 0x1b) {
          const after = this.#wholeCsi(bytes, i, offset)
          if (after > 0) {
            i = after
            continue
          }
        }
        if (byte === 0x0a && this.#lastWasReturn) this.sink.newLine(offset + i)
        else if (byte === 0x1b) this.#startEscape(offset + i)
        else if (byte === 0xc2) this.#c1Lead = true
        else this.sink.control(byte, offset + i)
        this.#lastWasReturn = false
        i += 1
        continue
      }
      if (this.#state === OSC && byte >= 0x20 && byte !== 0xc2) this.#oscPut(byte)
      else this.#inSequence(byte, offset + i)
      i += 1
    }
  }

  /**
   * The common case at once: a control sequence of numbers alone that lies in one piece. Returns the index after it, 0
   * for anything else, which then goes byte by byte.
   */
  #wholeCsi(bytes: Uint8Array, begin: number, offset: number): number {
    if (bytes[begin + 1] !== 0x5b) return 0
    const params = this.#params
    params.clear()
    let value = 0
    for (let i = begin + 2; i < bytes.length; i += 1) {
      const byte = bytes[i] ?? 0
      if (byte >= 0x30 && byte <= 0x39) {
        value = Math.min(PARAM_VALUE_MAX, value * 10 + byte - 0x30)
        continue
      }
      params.put(value)
      value = 0
      if (byte === 0x3b) params.next(false)
      else if (byte === 0x3a) params.next(true)
      else {
        if (byte < 0x40 || byte >= 0x7f) return 0
        this.#lastWasReturn = false
        this.sink.csi(0, '', params, byte, offset + begin, offset + i + 1)
        return i + 1
      }
    }
    return 0
  }

  #startEscape(at: number): void {
    this.#state = ESCAPE
    this.#begin = at
    this.#intermediates = ''
    this.#prefix = 0
  }

  #startCsi(at: number): void {
    this.#state = CSI_ENTRY
    this.#begin = at
    this.#intermediates = ''
    this.#prefix = 0
    this.#params.clear()
  }

  #c1(code: number, at: number): void {
    if (code === 0x9c && this.#state === OSC) this.sink.osc(this.#osc.subarray(0, this.#oscLength))
    this.#state = GROUND
    this.#lastWasReturn = false
    if (code === 0x9b) this.#startCsi(at)
    else if (code === 0x9d) this.#startOsc()
    else if (code === 0x90) this.#state = DCS_HEAD
    else if (code === 0x98 || code === 0x9e || code === 0x9f) this.#state = STRING
    else if (code !== 0x9c) this.sink.control(code, at)
  }

  #startOsc(): void {
    this.#state = OSC
    this.#oscLength = 0
  }

  #oscPut(byte: number): void {
    if (this.#oscLength < OSC_KEPT) {
      this.#osc[this.#oscLength] = byte
      this.#oscLength += 1
    }
  }

  #inSequence(byte: number, at: number): void {
    if (byte === 0xc2) {
      this.#c1Lead = true
      return
    }
    const state = this.#state
    if (byte === 0x1b) {
      if (state === OSC) this.sink.osc(this.#osc.subarray(0, this.#oscLength))
      this.#startEscape(at)
      return
    }
    if (byte === 0x18 || byte === 0x1a) {
      this.#state = GROUND
      return
    }
    if (state === OSC) {
      if (byte !== 0x07) return
      this.#state = GROUND
      this.sink.osc(this.#osc.subarray(0, this.#oscLength))
      return
    }
    if (state === STRING) return
    if (byte >= 0x80) {
      this.#state = GROUND
      return
    }
    if (byte < 0x20) {
      if (state !== DCS_HEAD && STOPS[byte] === 1) this.sink.control(byte, at)
      return
    }
    if (byte === 0x7f) return
    if (state === DCS_HEAD) {
      if (byte >= 0x40) this.#state = STRING
    } else if (state === ESCAPE || state === ESCAPE_INTERMEDIATE) this.#inEscape(byte, at)
    else this.#inCsi(byte, at)
  }

  #inEscape(byte: number, at: number): void {
    if (byte < 0x30) {
      this.#state = ESCAPE_INTERMEDIATE
      if (this.#intermediates.length < 4) this.#intermediates += String.fromCharCode(byte)
      return
    }
    const plain = this.#state === ESCAPE
    this.#state = GROUND
    if (plain && byte === 0x5b) this.#startCsi(this.#begin)
    else if (plain && byte === 0x5d) this.#startOsc()
    else if (plain && byte === 0x50) this.#state = DCS_HEAD
    else if (plain && (byte === 0x58 || byte === 0x5e || byte === 0x5f)) this.#state = STRING
    else this.sink.escape(this.#intermediates, byte, at)
  }

  #inCsi(byte: number, at: number): void {
    if (byte >= 0x40) {
      const ignored = this.#state === CSI_IGNORE
      this.#state = GROUND
      if (!ignored) this.sink.csi(this.#prefix, this.#intermediates, this.#params, byte, this.#begin, at + 1)
      return
    }
    if (this.#state === CSI_IGNORE) return
    if (byte < 0x30) {
      this.#state = CSI_INTERMEDIATE
      if (this.#intermediates.length < 4) this.#intermediates += String.fromCharCode(byte)
      return
    }
    if (this.#state === CSI_INTERMEDIATE) {
      this.#state = CSI_IGNORE
      return
    }
    if (byte <= 0x39) this.#params.digit(byte - 0x30)
    else if (byte === 0x3a) this.#params.next(true)
    else if (byte === 0x3b) this.#params.next(false)
    else if (this.#state === CSI_ENTRY) this.#prefix = byte
    else {
      this.#state = CSI_IGNORE
      return
    }
    this.#state = CSI_PARAM
  }
}
