/** Random part of a request id in bytes: enough never to meet again in a log. */
const BYTES = 12

/** A correlation id that the server takes over, such as `req_5f0c…`. Works on plain http, where randomUUID is missing. */
export function newRequestId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(BYTES))
  return `req_${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')}`
}
