import type { HighlighterCore, ThemeRegistration } from 'shiki/core'

export interface Token {
  text: string
  className: string
}

/** Longer code is shown without colours: reading it would cost more than colour gives. In characters. */
const MAX_CHARS = 60_000

/** Colours stand for roles: the theme hands out these names, and the class of the role does the rest in both themes. */
const ROLE_CLASS: Record<string, string> = {
  '#000001': 'text-text',
  '#000002': 'text-text-3 italic',
  '#000003': 'text-accent',
  '#000004': 'text-add-ink',
  '#000005': 'text-unknown',
  '#000006': 'text-work',
  '#000007': 'text-text-2',
  '#000008': 'text-wait',
}

const theme: ThemeRegistration = {
  name: 'roles',
  type: 'light',
  colors: { 'editor.foreground': '#000001', 'editor.background': '#ffffff' },
  settings: [
    { settings: { foreground: '#000001', background: '#ffffff' } },
    { scope: ['comment', 'punctuation.definition.comment'], settings: { foreground: '#000002' } },
    { scope: ['keyword', 'storage', 'variable.language'], settings: { foreground: '#000003' } },
    { scope: ['string', 'markup.inserted', 'punctuation.definition.string'], settings: { foreground: '#000004' } },
    { scope: ['constant', 'support.constant', 'entity.name.tag'], settings: { foreground: '#000005' } },
    { scope: ['entity.name.function', 'support.function', 'entity.name.type'], settings: { foreground: '#000006' } },
    { scope: ['punctuation', 'keyword.operator', 'meta.brace'], settings: { foreground: '#000007' } },
    { scope: ['entity.other.attribute-name', 'variable.other.property'], settings: { foreground: '#000008' } },
  ],
}

type Language = () => Promise<unknown>
const LANGUAGES: Record<string, Language> = {
  bash: () => import('shiki/langs/bash.mjs'),
  c: () => import('shiki/langs/c.mjs'),
  cpp: () => import('shiki/langs/cpp.mjs'),
  csharp: () => import('shiki/langs/csharp.mjs'),
  css: () => import('shiki/langs/css.mjs'),
  dart: () => import('shiki/langs/dart.mjs'),
  diff: () => import('shiki/langs/diff.mjs'),
  docker: () => import('shiki/langs/docker.mjs'),
  elixir: () => import('shiki/langs/elixir.mjs'),
  go: () => import('shiki/langs/go.mjs'),
  graphql: () => import('shiki/langs/graphql.mjs'),
  html: () => import('shiki/langs/html.mjs'),
  java: () => import('shiki/langs/java.mjs'),
  javascript: () => import('shiki/langs/javascript.mjs'),
  json: () => import('shiki/langs/json.mjs'),
  jsx: () => import('shiki/langs/jsx.mjs'),
  kotlin: () => import('shiki/langs/kotlin.mjs'),
  lua: () => import('shiki/langs/lua.mjs'),
  make: () => import('shiki/langs/make.mjs'),
  markdown: () => import('shiki/langs/markdown.mjs'),
  php: () => import('shiki/langs/php.mjs'),
  python: () => import('shiki/langs/python.mjs'),
  ruby: () => import('shiki/langs/ruby.mjs'),
  rust: () => import('shiki/langs/rust.mjs'),
  scala: () => import('shiki/langs/scala.mjs'),
  sql: () => import('shiki/langs/sql.mjs'),
  svelte: () => import('shiki/langs/svelte.mjs'),
  swift: () => import('shiki/langs/swift.mjs'),
  toml: () => import('shiki/langs/toml.mjs'),
  tsx: () => import('shiki/langs/tsx.mjs'),
  typescript: () => import('shiki/langs/typescript.mjs'),
  vue: () => import('shiki/langs/vue.mjs'),
  xml: () => import('shiki/langs/xml.mjs'),
  yaml: () => import('shiki/langs/yaml.mjs'),
  zig: () => import('shiki/langs/zig.mjs'),
}

const ALIASES: Record<string, string> = {
  'c++': 'cpp',
  cjs: 'javascript',
  cs: 'csharp',
  dockerfile: 'docker',
  ex: 'elixir',
  exs: 'elixir',
  gql: 'graphql',
  h: 'c',
  hpp: 'cpp',
  htm: 'html',
  js: 'javascript',
  kt: 'kotlin',
  makefile: 'make',
  md: 'markdown',
  mjs: 'javascript',
  mts: 'typescript',
  patch: 'diff',
  py: 'python',
  rb: 'ruby',
  rs: 'rust',
  sh: 'bash',
  shell: 'bash',
  svg: 'xml',
  ts: 'typescript',
  yml: 'yaml',
  zsh: 'bash',
}

/** The language's name here, or null when there is no grammar for it. */
export function languageOf(name: string): string | null {
  const lower = name.toLowerCase()
  const known = ALIASES[lower] ?? lower
  return known in LANGUAGES ? known : null
}

/** The language of a file by its name. */
export function languageOfPath(path: string): string | null {
  const name = path.split('/').at(-1) ?? ''
  return languageOf(name.includes('.') ? (name.split('.').at(-1) ?? '') : name)
}

let core: Promise<HighlighterCore> | null = null

/** The engine is plain regular expressions: a page whose policy forbids compiled code can run it. */
async function loadCore(): Promise<HighlighterCore> {
  const [{ createHighlighterCore }, { createJavaScriptRegexEngine }] = await Promise.all([
    import('shiki/core'),
    import('shiki/engine/javascript'),
  ])
  return await createHighlighterCore({
    themes: [theme],
    langs: [],
    engine: createJavaScriptRegexEngine({ forgiving: true }),
  })
}

/** The code as lines of tokens with the class of their role; null when it is to be shown plain. Never rejects. */
export async function highlight(code: string, language: string): Promise<Token[][] | null> {
  const name = languageOf(language)
  const load = name === null ? undefined : LANGUAGES[name]
  if (name === null || !load || code.length > MAX_CHARS) return null
  try {
    core ??= loadCore()
    const shiki = await core
    if (!shiki.getLoadedLanguages().includes(name)) {
      const grammar = (await load()) as { default: Parameters<HighlighterCore['loadLanguage']>[0] }
      await shiki.loadLanguage(grammar.default)
    }
    const { tokens } = shiki.codeToTokens(code, { lang: name, theme: 'roles' })
    return tokens.map((line) =>
      line.map((token) => ({ text: token.content, className: ROLE_CLASS[token.color?.toLowerCase() ?? ''] ?? '' })),
    )
  } catch {
    // A grammar that could not be fetched is fetched again next time; the code is readable without colours.
    core = null
    return null
  }
}
