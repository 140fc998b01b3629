import { type IBufferCell, Terminal } from '@xterm/headless'

/** A terminal emulator as the browser has it, without a screen: what a picture of ours is compared with. */
export class Emulator {
  readonly terminal: Terminal

  constructor(cols: number, rows: number) {
    this.terminal = new Terminal({ cols, rows, scrollback: 5_000, allowProposedApi: true })
  }

  async write(bytes: Uint8Array | string): Promise<void> {
    await new Promise<void>((resolve) => this.terminal.write(bytes, resolve))
  }

  /** Draws output with the sizes that it was made for. `from` is the offset of the first byte. */
  async draw(bytes: Uint8Array, from: number, sizes: { offset: number; cols: number; rows: number }[]): Promise<void> {
    let at = from
    for (const size of sizes) {
      await this.write(bytes.subarray(at - from, size.offset - from))
      at = size.offset
      this.terminal.resize(size.cols, size.rows)
    }
    await this.write(bytes.subarray(at - from))
  }

  /** Everything that is seen: cells with their attributes, cursor, modes. */
  screen(): string[] {
    const { buffer, modes, rows } = this.terminal
    const { active } = buffer
    const lines = [`${active.type} ${active.cursorX},${active.cursorY} ${JSON.stringify(modes)}`]
    const cell = active.getNullCell()
    for (let y = 0; y < rows; y += 1) {
      const line = active.getLine(active.baseY + y)
      let text = line?.isWrapped ? '+' : ' '
      for (let x = 0; x < this.terminal.cols; x += 1) {
        const found = line?.getCell(x, cell)
        text += found ? describe(found) : '?'
      }
      lines.push(text)
    }
    return lines
  }

  dispose(): void {
    this.terminal.dispose()
  }
}

function describe(cell: IBufferCell): string {
  const flags =
    (cell.isBold() ? 1 : 0) |
    (cell.isDim() ? 2 : 0) |
    (cell.isItalic() ? 4 : 0) |
    (cell.isUnderline() ? 8 : 0) |
    (cell.isBlink() ? 16 : 0) |
    (cell.isInverse() ? 32 : 0) |
    (cell.isInvisible() ? 64 : 0) |
    (cell.isStrikethrough() ? 128 : 0) |
    (cell.isOverline() ? 256 : 0)
  const color = `${cell.getFgColorMode()}.${cell.getFgColor()}.${cell.getBgColorMode()}.${cell.getBgColor()}`
  const style = `${flags}/${color}`
  const chars = cell.getWidth() === 0 ? '' : cell.getChars() || ' '
  return style === '0/0.-1.0.-1' ? chars : `${chars}{${style}}`
}
