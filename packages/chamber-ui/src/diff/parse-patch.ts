/** One line of a unified diff. Numbers are the line's place in the old and the new file. */
export type PatchLine =
  | { type: 'hunk'; text: string }
  | { type: 'same'; old: number; new: number; text: string }
  | { type: 'add'; new: number; text: string }
  | { type: 'del'; old: number; text: string }
  | { type: 'note'; text: string }

const HUNK = /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@ ?(.*)$/

/**
 * Reads the patch of one file in unified format. Headers are left out; a hunk's line is the section that git names, and
 * a line that fits nowhere is shown as it is rather than lost.
 */
export function parsePatch(patch: string): PatchLine[] {
  const lines: PatchLine[] = []
  let oldLine = 0
  let newLine = 0
  /** Lines that the hunk still has to give, of each side: what looks like a header inside a hunk is content. */
  let oldLeft = 0
  let newLeft = 0
  for (const line of patch.replace(/\n$/, '').split('\n')) {
    if (oldLeft <= 0 && newLeft <= 0) {
      const hunk = HUNK.exec(line)
      if (hunk) {
        oldLine = Number(hunk[1])
        newLine = Number(hunk[3])
        oldLeft = Number(hunk[2] ?? 1)
        newLeft = Number(hunk[4] ?? 1)
        lines.push({ type: 'hunk', text: hunk[5] || `Line ${newLine}` })
      } else if (line.startsWith('\\')) lines.push({ type: 'note', text: line.slice(1).trim() })
      continue
    }
    const text = line.slice(1).replace(/\r$/, '')
    if (line.startsWith('+')) {
      lines.push({ type: 'add', new: newLine++, text })
      newLeft--
    } else if (line.startsWith('-')) {
      lines.push({ type: 'del', old: oldLine++, text })
      oldLeft--
    } else if (line.startsWith('\\')) lines.push({ type: 'note', text: line.slice(1).trim() })
    else {
      lines.push({ type: 'same', old: oldLine++, new: newLine++, text })
      oldLeft--
      newLeft--
    }
  }
  return lines
}
