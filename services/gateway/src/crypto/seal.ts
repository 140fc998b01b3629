import { base64Url, fromBase64Url } from './token.ts'

/**
 * Seals values with AES-256-GCM. The sealed text is `base64url(nonce 12 bytes | ciphertext and tag)`; the context (which
 * row it belongs to) is authenticated, so that a sealed value cannot be moved to another row.
 */
export interface Sealer {
  readonly version: number
  seal(value: string, context: string): Promise<{ sealed: string; kek_version: number }>
  /** Throws when the key is unknown, or the value or its context was changed. */
  open(sealed: string, version: number, context: string): Promise<string>
}

const NONCE_BYTES = 12
const encoder = new TextEncoder()

/** `kek` maps a version to 32 bytes in base64url; the highest version seals. */
export function makeSealer(kek: Record<string, string>): Sealer {
  const versions = Object.keys(kek).map(Number)
  const current = Math.max(...versions)
  if (versions.length === 0 || !Number.isInteger(current)) throw new Error('no key to seal secrets with')
  const imported = new Map<number, Promise<CryptoKey>>()
  const keyOf = (version: number): Promise<CryptoKey> => {
    const known = imported.get(version)
    if (known) return known
    const raw = kek[String(version)]
    if (raw === undefined) return Promise.reject(new Error(`key version ${version} is missing`))
    const key = crypto.subtle.importKey('raw', fromBase64Url(raw), 'AES-GCM', false, ['encrypt', 'decrypt'])
    imported.set(version, key)
    return key
  }
  const parameters = (nonce: Uint8Array<ArrayBuffer>, context: string) => ({
    name: 'AES-GCM',
    iv: nonce,
    additionalData: encoder.encode(context),
  })
  return {
    version: current,
    async seal(value, context) {
      const nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES))
      const key = await keyOf(current)
      const body = new Uint8Array(await crypto.subtle.encrypt(parameters(nonce, context), key, encoder.encode(value)))
      const joined = new Uint8Array(NONCE_BYTES + body.byteLength)
      joined.set(nonce)
      joined.set(body, NONCE_BYTES)
      return { sealed: base64Url(joined), kek_version: current }
    },
    async open(sealed, version, context) {
      const bytes = fromBase64Url(sealed)
      const nonce = bytes.slice(0, NONCE_BYTES)
      const plain = await crypto.subtle.decrypt(
        parameters(nonce, context),
        await keyOf(version),
        bytes.slice(NONCE_BYTES),
      )
      return new TextDecoder().decode(plain)
    },
  }
}
