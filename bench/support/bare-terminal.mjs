/**
 * The least that a terminal in a browser can be: one program per WebSocket, its bytes as they come, no flow control and
 * nothing that outlives the connection. Run by Bun; prints its address. What is measured beside it has a gateway, a
 * machine and a host between the same two ends.
 */
const server = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  fetch(request, self) {
    return self.upgrade(request, { data: { program: null } }) ? undefined : new Response('a terminal')
  },
  websocket: {
    perMessageDeflate: false,
    backpressureLimit: 1_024 * 1_048_576,
    open(socket) {
      socket.data.program = Bun.spawn(['/bin/bash', '--norc', '--noprofile'], {
        env: { PATH: process.env.PATH, TERM: 'xterm-256color', HOME: process.env.HOME },
        terminal: {
          cols: 80,
          rows: 24,
          data: (_terminal, bytes) => {
            socket.sendBinary(bytes)
          },
        },
      })
    },
    message(socket, data) {
      socket.data.program?.terminal?.write(data)
    },
    close(socket) {
      socket.data.program?.kill('SIGKILL')
    },
  },
})
process.stdout.write(`ws://127.0.0.1:${server.port}/\n`)
