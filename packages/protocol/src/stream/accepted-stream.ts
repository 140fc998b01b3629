import { errorBody, PilotError, toPilotError } from '@pilot/domain/errors'
import { newId } from '@pilot/domain/ids'
import type { StreamOpenMessage } from '../messages/stream-open.ts'
import { responseHeaders } from './headers.ts'
import { InboundBody } from './inbound-body.ts'
import type { MuxStream, StreamContext, StreamHandler, StreamMeta } from './mux.ts'
import { OutboundBody } from './outbound-body.ts'

/** Host of the requests that handlers see: it means nothing and resolves nowhere. */
const INNER_ORIGIN = 'http://workspace.invalid'

/** The acceptor's half of one stream: runs the handler, sends head and response body. */
export class AcceptedStream implements MuxStream {
  readonly #context: StreamContext
  readonly #open: StreamOpenMessage
  readonly #inbound: InboundBody | null
  readonly #abort = new AbortController()
  #download: OutboundBody | null = null
  /** Credit that arrived before there was a response body. */
  #credit: number
  #over = false

  constructor(context: StreamContext, open: StreamOpenMessage) {
    this.#context = context
    this.#open = open
    this.#credit = open.credit
    const { channel } = open
    this.#inbound = open.has_body
      ? new InboundBody({
          window: context.window,
          onCredit: (bytes) => context.send({ type: 'stream.credit', channel, bytes }),
          // The handler has seen enough; the upload stalls at its credit until the answer ends the stream.
          onCancel: () => undefined,
        })
      : null
  }

  /** Runs the handler and sends its answer. Never rejects. */
  async serve(handler: StreamHandler): Promise<void> {
    const { channel } = this.#open
    const request_id = this.#open.request_id ?? newId('request')
    let request: Request
    try {
      request = this.#request()
    } catch {
      this.#end(new PilotError('VALIDATION_FAILED'), true)
      return
    }
    const response = await this.#answer(handler, request, { ...this.#meta(), request_id })
    if (this.#over) {
      response.body?.cancel().catch(() => undefined)
      return
    }
    const { body } = response
    this.#context.send({
      type: 'stream.head',
      channel,
      status: response.status,
      headers: responseHeaders(response.headers),
      has_body: body !== null,
    })
    if (!body) {
      this.#finish()
      return
    }
    const target = {
      send: (offset: number, payload: Uint8Array) => this.#context.sendData(channel, offset, payload),
      maxFrame: this.#context.maxFrame,
      pace: this.#context.pace,
    }
    this.#download = new OutboundBody(body, target, this.#credit)
    try {
      const bytes = await this.#download.run()
      if (bytes === null || this.#over) return
      this.#context.send({ type: 'stream.end', channel, bytes })
      this.#finish()
    } catch (cause) {
      this.#end(toPilotError(cause), true)
    }
  }

  onHead(): void {
    this.#violation()
  }

  onCredit(bytes: number): void {
    if (this.#download) this.#download.grant(bytes)
    else this.#credit += bytes
  }

  onEnd(bytes: number): void {
    if (this.#inbound && !this.#inbound.end(bytes)) this.#violation()
  }

  onData(offset: number, payload: Uint8Array): void {
    if (this.#inbound?.receive(offset, payload) !== 'ok') this.#violation()
  }

  abandon(error: PilotError): void {
    this.#end(error, false)
  }

  #meta(): Omit<StreamMeta, 'request_id'> {
    const { workspace_id, generation, actor } = this.#open
    return { workspace_id, generation, actor }
  }

  #request(): Request {
    const { method, path, headers } = this.#open
    // `duplex` is required for a streaming body and missing in the DOM's type.
    const init: RequestInit & { duplex: 'half' } = {
      method,
      headers: new Headers(headers),
      body: this.#inbound?.stream ?? null,
      signal: this.#abort.signal,
      duplex: 'half',
    }
    return new Request(INNER_ORIGIN + path, init)
  }

  async #answer(handler: StreamHandler, request: Request, meta: StreamMeta): Promise<Response> {
    try {
      return await handler(request, meta)
    } catch (cause) {
      const { status, body } = errorBody(cause, meta.request_id)
      return Response.json(body, { status })
    }
  }

  #violation(): void {
    this.#end(new PilotError('VALIDATION_FAILED', 'The stream protocol was broken.'), true)
  }

  #end(error: PilotError, tellPeer: boolean): void {
    if (this.#over) return
    this.#over = true
    this.#context.remove(this.#open.channel)
    if (tellPeer) this.#context.send({ type: 'stream.reset', channel: this.#open.channel, code: error.code })
    this.#abort.abort(error)
    this.#inbound?.fail(error)
    this.#download?.stop(error)
  }

  /** The answer is complete: what is left of the request body is of no use. */
  #finish(): void {
    this.#over = true
    this.#context.remove(this.#open.channel)
    this.#inbound?.fail(new PilotError('CANCELLED'))
  }
}
