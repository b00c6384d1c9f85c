/** A response to an HTTP request whose body is a stream of Effect, so that it runs on the clock of its reader. */
import * as Effect from "effect/Effect"
import * as Cookies from "effect/http/Cookies"
import * as Headers from "effect/http/Headers"
import * as HttpClientError from "effect/http/HttpClientError"
import type * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as HttpIncomingMessage from "effect/http/HttpIncomingMessage"
import * as UrlParams from "effect/http/UrlParams"
import * as Inspectable from "effect/Inspectable"
import * as Option from "effect/Option"
import { pipeArguments } from "effect/Pipeable"
import type * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"

type Failure = HttpClientError.HttpClientError

/** The head of a response. */
export interface ResponseHead {
  readonly url: string
  readonly status: number
  readonly headers: { readonly [name: string]: string }
}

/** The error of a body that breaks or cannot be decoded. */
export const decodeError = (response: StreamedResponse, cause: unknown): Failure =>
  new HttpClientError.HttpClientError({
    reason: new HttpClientError.DecodeError({ request: response.request, response, cause })
  })

/** A response whose body is a stream, which may fail with the response. */
export class StreamedResponse extends Inspectable.Class implements HttpClientResponse.HttpClientResponse {
  readonly [HttpIncomingMessage.TypeId]: typeof HttpIncomingMessage.TypeId = HttpIncomingMessage.TypeId
  readonly [HttpClientResponse.TypeId]: typeof HttpClientResponse.TypeId = HttpClientResponse.TypeId
  readonly request: HttpClientRequest.HttpClientRequest
  readonly url: string
  readonly status: number
  readonly headers: Headers.Headers
  readonly remoteAddress: Option.Option<string> = Option.none()
  readonly cookies: Cookies.Cookies = Cookies.empty
  readonly stream: Stream.Stream<Uint8Array, Failure>

  constructor(
    request: HttpClientRequest.HttpClientRequest,
    head: ResponseHead,
    body: (response: StreamedResponse) => Stream.Stream<Uint8Array, Failure>
  ) {
    super()
    this.request = request
    this.url = head.url
    this.status = head.status
    this.headers = Headers.fromInput(head.headers)
    this.stream = body(this)
  }

  get #bytes(): Effect.Effect<Uint8Array<ArrayBuffer>, Failure> {
    return Stream.mkUint8Array(this.stream)
  }

  get arrayBuffer(): Effect.Effect<ArrayBuffer, Failure> {
    return Effect.map(this.#bytes, (bytes) => bytes.buffer)
  }

  get text(): Effect.Effect<string, Failure> {
    return Effect.map(this.#bytes, (bytes) => new TextDecoder().decode(bytes))
  }

  get json(): Effect.Effect<Schema.Json, Failure> {
    return Effect.flatMap(this.text, (text) => this.#decode(() => (text === "" ? null : JSON.parse(text))))
  }

  get urlParamsBody(): Effect.Effect<UrlParams.UrlParams, Failure> {
    return Effect.flatMap(this.text, (text) => this.#decode(() => UrlParams.fromInput(new URLSearchParams(text))))
  }

  get formData(): Effect.Effect<FormData, Failure> {
    return Effect.flatMap(this.#bytes, (bytes) =>
      Effect.tryPromise({
        try: () => new Response(bytes, { headers: { ...this.headers } }).formData(),
        catch: (cause) => decodeError(this, cause)
      })
    )
  }

  get upgrade(): Effect.Effect<never, Failure> {
    return Effect.fail(decodeError(this, new Error("A response for tests upgrades no connection")))
  }

  #decode<A>(read: () => A): Effect.Effect<A, Failure> {
    return Effect.try({ try: read, catch: (cause) => decodeError(this, cause) })
  }

  override toJSON(): object {
    return HttpIncomingMessage.inspect(this, {
      _id: "HttpClientResponse",
      request: this.request.toJSON(),
      status: this.status
    })
  }

  pipe() {
    return pipeArguments(this, arguments)
  }
}
