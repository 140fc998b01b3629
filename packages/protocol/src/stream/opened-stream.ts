import { PilotError, toPilotError } from '@pilot/domain/errors'
import type { StreamHeadMessage } from '../messages/stream-head.ts'
import { requestHeaders, responseHeaders } from './headers.ts'
import { InboundBody } from './inbound-body.ts'
import type { MuxStream, StreamContext, StreamMeta } from './mux.ts'
import { OutboundBody } from './outbound-body.ts'

/** The opener's half of one stream: uploads the request body, receives head and response body. */
export class OpenedStream implements MuxStream {
  readonly #context: StreamContext
  readonly #channel: number
  readonly #request: Request
  readonly #inbound: InboundBody
  readonly #upload: OutboundBody | null
  readonly #head = Promise.withResolvers<Response>()
  readonly cancel = () => this.#end(new PilotError('CANCELLED'), true)
  #headSeen = false
  #over = false
  #cancelTimer: () => void = () => undefined

  constructor(
    context: StreamContext,
    channel: number,
    request: Request,
    readonly owner?: string,
  ) {
    this.#context = context
    this.#channel = channel
    this.#request = request
    this.#inbound = new InboundBody({
      window: context.window,
      onCredit: (bytes) => context.send({ type: 'stream.credit', channel, bytes }),
      onCancel: this.cancel,
    })
    const target = {
      send: (offset: number, payload: Uint8Array) => {
        this.#restartTimer()
        context.sendData(channel, offset, payload)
      },
      maxFrame: context.maxFrame,
      pace: context.pace,
    }
    this.#upload = request.body ? new OutboundBody(request.body, target, context.window) : null
  }

  start(path: string, meta: StreamMeta): Promise<Response> {
    const { signal } = this.#request
    if (signal.aborted) {
      this.#end(new PilotError('CANCELLED'), false)
      return this.#head.promise
    }
    signal.addEventListener('abort', this.cancel, { once: true })
    this.#context.send({
      type: 'stream.open',
      request_id: meta.request_id,
      workspace_id: meta.workspace_id,
      generation: meta.generation,
      actor: meta.actor,
      channel: this.#channel,
      method: this.#request.method,
      path,
      headers: requestHeaders(this.#request.headers),
      has_body: this.#upload !== null,
      credit: this.#context.window,
    })
    this.#restartTimer()
    if (this.#upload) void this.#send(this.#upload)
    return this.#head.promise
  }

  onHead(message: StreamHeadMessage): void {
    if (this.#over) return
    if (this.#headSeen) {
      this.#violation()
      return
    }
    this.#headSeen = true
    this.#cancelTimer()
    let response: Response
    try {
      const headers = new Headers(responseHeaders(new Headers(message.headers)))
      response = new Response(message.has_body ? this.#inbound.stream : null, { status: message.status, headers })
    } catch {
      // A header or a combination of status and body that HTTP does not know.
      this.#end(new PilotError('RUNTIME_ERROR'), true)
      return
    }
    this.#head.resolve(response)
    if (!message.has_body) this.#finish()
  }

  onCredit(bytes: number): void {
    this.#restartTimer()
    this.#upload?.grant(bytes)
  }

  onEnd(bytes: number): void {
    if (this.#over) return
    if (this.#headSeen && this.#inbound.end(bytes)) this.#finish()
    else this.#violation()
  }

  onData(offset: number, payload: Uint8Array): void {
    if (this.#over) return
    if (!this.#headSeen || this.#inbound.receive(offset, payload) !== 'ok') this.#violation()
  }

  abandon(error: PilotError): void {
    this.#end(error, false)
  }

  async #send(upload: OutboundBody): Promise<void> {
    try {
      const bytes = await upload.run()
      if (bytes !== null && !this.#over) this.#context.send({ type: 'stream.end', channel: this.#channel, bytes })
    } catch {
      // The caller's own body broke: usually it hung up in the middle of an upload.
      this.#end(new PilotError('CANCELLED'), true)
    }
  }

  #violation(): void {
    this.#end(new PilotError('RUNTIME_ERROR', 'The machine broke the stream protocol.'), true)
  }

  #restartTimer(): void {
    this.#cancelTimer()
    if (this.#over || this.#headSeen) return
    this.#cancelTimer = this.#context.clock.after(this.#context.headTimeoutMs, () =>
      this.#end(new PilotError('RUNTIME_TIMEOUT'), true),
    )
  }

  #end(cause: unknown, tellPeer: boolean): void {
    if (this.#over) return
    const error = toPilotError(cause)
    this.#finish()
    if (tellPeer) {
      const code = error.code === 'RUNTIME_ERROR' ? 'VALIDATION_FAILED' : 'CANCELLED'
      this.#context.send({ type: 'stream.reset', channel: this.#channel, code })
    }
    this.#head.reject(error)
    this.#inbound.fail(error)
  }

  #finish(): void {
    this.#over = true
    this.#cancelTimer()
    this.#request.signal.removeEventListener('abort', this.cancel)
    this.#context.remove(this.#channel)
    this.#upload?.stop(new PilotError('CANCELLED'))
  }
}
