import type { Terminal } from '@xterm/xterm'
import { bytesText } from './bytes-text.ts'

/** Marks the present line as the place where output is missing. The marker lies over the text and changes nothing. */
export function gapLabel(term: Terminal, lostBytes: number): void {
  const marker = term.registerMarker(0)
  const decoration = term.registerDecoration({ marker, width: term.cols, layer: 'top' })
  decoration?.onRender((element) => {
    if (element.dataset.gap) return
    element.dataset.gap = 'true'
    element.className += ' terminal-gap'
    const label = document.createElement('span')
    label.textContent = `${bytesText(lostBytes)} of output are gone`
    element.replaceChildren(label)
  })
}
