import { createServer } from 'node:http'

/**
 * The server whose answers are relayed, a process of its own: `/small` gives 200 bytes of JSON, `/large/<bytes>` that
 * many bytes in chunks of 64 KiB. Prints its address.
 */
const CHUNK = Buffer.alloc(65_536, 'pilot ')
const SMALL = JSON.stringify({ text: 'x'.repeat(189) })

const server = createServer((request, response) => {
  const size = /^\/large\/(\d+)$/.exec(request.url ?? '')?.[1]
  if (size === undefined) {
    response.writeHead(200, { 'content-type': 'application/json' }).end(SMALL)
    return
  }
  response.writeHead(200, { 'content-type': 'application/octet-stream' })
  let left = Number(size)
  const write = () => {
    while (left > 0) {
      const chunk = left < CHUNK.length ? CHUNK.subarray(0, left) : CHUNK
      left -= chunk.length
      if (!response.write(chunk)) {
        response.once('drain', write)
        return
      }
    }
    response.end()
  }
  write()
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  if (address !== null && typeof address === 'object') process.stdout.write(`http://127.0.0.1:${address.port}/\n`)
})
