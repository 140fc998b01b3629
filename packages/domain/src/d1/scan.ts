/** What the facade has to know of a statement, found without a parser. */
export interface StatementFacts {
  /** First word in lower case, such as `select`. */
  verb: string
  /** Number of `?` placeholders. */
  placeholders: number
  /** Patterns of LIKE and GLOB: bytes of their literal parts and the indexes of the placeholders joined to them. */
  patterns: { literal_bytes: number; placeholders: number[] }[]
  /** True when text follows the first statement. */
  several: boolean
}

type Token = { kind: 'word' | 'string' | 'placeholder' | 'symbol'; text: string }

// Comments and quoted names come first: a quote inside them does not open a string.
const TOKEN =
  /--[^\n]*|\/\*[\s\S]*?\*\/|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]|('(?:[^']|'')*')|(\?\d*)|([A-Za-z_][\w$]*)|(\|\||[^\s])/g

function tokens(sql: string): Token[] {
  const found: Token[] = []
  for (const match of sql.matchAll(TOKEN)) {
    const [whole, string, placeholder, word, symbol] = match
    if (string !== undefined) found.push({ kind: 'string', text: string.slice(1, -1).replaceAll("''", "'") })
    else if (placeholder !== undefined) found.push({ kind: 'placeholder', text: placeholder })
    else if (word !== undefined) found.push({ kind: 'word', text: word.toLowerCase() })
    else if (symbol !== undefined) found.push({ kind: 'symbol', text: symbol })
    else if (!whole.startsWith('--') && !whole.startsWith('/*')) found.push({ kind: 'symbol', text: 'name' })
  }
  return found
}

const TRANSPARENT = new Set(['(', ')', '||'])
const TRANSPARENT_WORDS = new Set(['lower', 'upper'])
const bytes = (text: string) => new TextEncoder().encode(text).byteLength

/** Scans one statement: its verb, its placeholders, and what its LIKE and GLOB patterns are made of. */
export function scanStatement(sql: string): StatementFacts {
  const facts: StatementFacts = { verb: '', placeholders: 0, patterns: [], several: false }
  let pattern: StatementFacts['patterns'][number] | null = null
  let ended = false
  for (const token of tokens(sql)) {
    if (ended && token.text !== ';') facts.several = true
    if (token.kind === 'word') {
      if (facts.verb === '') facts.verb = token.text
      if (token.text === 'like' || token.text === 'glob') {
        pattern = { literal_bytes: 0, placeholders: [] }
        facts.patterns.push(pattern)
      } else if (!TRANSPARENT_WORDS.has(token.text)) pattern = null
    } else if (token.kind === 'string') {
      if (pattern) pattern.literal_bytes += bytes(token.text)
    } else if (token.kind === 'placeholder') {
      pattern?.placeholders.push(facts.placeholders)
      facts.placeholders += 1
    } else {
      if (token.text === ';') ended = true
      if (!TRANSPARENT.has(token.text)) pattern = null
    }
  }
  return facts
}
