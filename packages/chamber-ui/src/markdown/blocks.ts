const FENCE = /^ {0,3}(`{3,}|~{3,})/
const LIST = /^ {0,3}(?:[-*+]|\d{1,9}[.)])\s/
const DEFINITION = /^ {0,3}\[[^\]]+\]:\s/m

/**
 * Cuts Markdown into blocks that mean the same one by one as together, so that while text grows only the last block is
 * read again. Lists, fenced code and indented continuations stay whole; a text with link definitions is not cut.
 */
export function splitBlocks(text: string): string[] {
  if (DEFINITION.test(text)) return [text]
  const blocks: string[] = []
  let block: string[] = []
  let fence: string | null = null
  let blank = false
  const flush = () => {
    if (block.some((line) => line.trim() !== '')) blocks.push(block.join('\n'))
    block = []
  }
  for (const line of text.split('\n')) {
    if (fence !== null) {
      block.push(line)
      const close = FENCE.exec(line)?.[1]
      if (close?.startsWith(fence) && line.trim() === close) fence = null
      continue
    }
    if (line.trim() === '') {
      blank = true
      block.push(line)
      continue
    }
    const inList = block.some((other) => LIST.test(other))
    const continues = inList && (LIST.test(line) || /^\s/.test(line))
    if (blank && !continues && !/^( {4}|\t)/.test(line)) flush()
    blank = false
    fence = FENCE.exec(line)?.[1] ?? null
    block.push(line)
  }
  flush()
  return blocks
}
