/** Content codings that a build may hold beside a file, best first. */
export const ENCODINGS = ['br', 'gzip'] as const
export type Encoding = (typeof ENCODINGS)[number]

export interface Asset {
  body: Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>
  /** Value of Content-Type. */
  type: string
  /** How `body` is coded; null when it is the file itself. */
  encoding: Encoding | null
  /** Quoted; differs between codings. */
  etag: string
  /** True when the name changes whenever the content does. */
  immutable: boolean
}

/** The files of the built application, wherever a shell keeps them. */
export interface AssetStore {
  /**
   * The file at `path` (relative, without a leading slash, already checked by `assetPath`), in the best of the accepted
   * codings that exists. Null when there is no such file.
   */
  get(path: string, accepted: readonly Encoding[]): Promise<Asset | null>
}

const TYPES: Record<string, string> = {
  css: 'text/css; charset=utf-8',
  html: 'text/html; charset=utf-8',
  ico: 'image/x-icon',
  jpg: 'image/jpeg',
  js: 'text/javascript; charset=utf-8',
  json: 'application/json',
  map: 'application/json',
  mjs: 'text/javascript; charset=utf-8',
  png: 'image/png',
  svg: 'image/svg+xml',
  txt: 'text/plain; charset=utf-8',
  wasm: 'application/wasm',
  webmanifest: 'application/manifest+json',
  webp: 'image/webp',
  woff2: 'font/woff2',
}

/** Content-Type by the name's extension; bytes of an unknown kind are never rendered. */
export function contentType(path: string): string {
  return TYPES[path.slice(path.lastIndexOf('.') + 1).toLowerCase()] ?? 'application/octet-stream'
}

/** The codings that an Accept-Encoding header allows, best first. */
export function acceptedEncodings(header: string | null): Encoding[] {
  const allowed = new Map<string, boolean>()
  for (const item of (header ?? '').toLowerCase().split(',')) {
    const [name = '', ...parameters] = item.split(';').map((part) => part.trim())
    allowed.set(name, !parameters.some((parameter) => /^q=0(?:\.0*)?$/.test(parameter)))
  }
  return ENCODINGS.filter((encoding) => allowed.get(encoding) ?? allowed.get('*') ?? false)
}

/** True when an If-None-Match header names this tag; weak and strong forms are equal here. */
export function matchesEtag(header: string | null, etag: string): boolean {
  if (header === null) return false
  const bare = (tag: string) => tag.trim().replace(/^W\//, '')
  return header.split(',').some((tag) => tag.trim() === '*' || bare(tag) === bare(etag))
}
