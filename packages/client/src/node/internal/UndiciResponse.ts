/**
 * A response of undici as an `HttpClientResponse` of Effect.
 *
 * @since 0.1.0
 */
import * as Channel from "effect/Channel"
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
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { ResponseBody } from "./ResponseBody.ts"

type Failure = HttpClientError.HttpClientError

/** undici passes names in lower case, and repeated headers as lists. */
const toHeaders = (headers: Record<string, string | Array<string> | undefined>): Headers.Headers => {
  const flat: Record<string, string> = {}
  for (const name in headers) {
    const value = headers[name]
    if (value !== undefined) flat[name] = typeof value === "string" ? value : value.join(", ")
  }
  return Headers.fromRecordUnsafe(flat)
}

/** The head of a response, and its body when it is read. */
export class UndiciResponse extends Inspectable.Class implements HttpClientResponse.HttpClientResponse {
  readonly [HttpIncomingMessage.TypeId]: typeof HttpIncomingMessage.TypeId = HttpIncomingMessage.TypeId
  readonly [HttpClientResponse.TypeId]: typeof HttpClientResponse.TypeId = HttpClientResponse.TypeId
  readonly request: HttpClientRequest.HttpClientRequest
  readonly status: number
  readonly headers: Headers.Headers
  readonly remoteAddress: Option.Option<string> = Option.none()
  readonly #cookies: ReadonlyArray<string>
  readonly #body: ResponseBody<Failure>

  constructor(
    request: HttpClientRequest.HttpClientRequest,
    status: number,
    headers: Record<string, string | Array<string> | undefined>,
    body: ResponseBody<Failure>
  ) {
    super()
    this.request = request
    this.status = status
    this.headers = toHeaders(headers)
    this.#cookies = [headers["set-cookie"] ?? []].flat()
    this.#body = body
  }

  get url(): string {
    return this.request.url
  }

  get cookies(): Cookies.Cookies {
    return Cookies.fromSetCookie(this.#cookies)
  }

  get stream(): Stream.Stream<Uint8Array, Failure> {
    const body = this.#body
    return Stream.fromChannel(
      Channel.fromTransform((_: unknown, scope: Scope.Scope) =>
        Effect.as(Scope.addFinalizer(scope, body.close), body.pull)
      )
    )
  }

  get text(): Effect.Effect<string, Failure> {
    return Effect.map(this.#body.bytes, (bytes) => bytes.toString("utf8"))
  }

  get json(): Effect.Effect<Schema.Json, Failure> {
    return Effect.flatMap(this.text, (text) =>
      Effect.try({
        try: () => (text === "" ? null : JSON.parse(text)),
        catch: (cause) => this.#decodeError(cause)
      })
    )
  }

  get arrayBuffer(): Effect.Effect<ArrayBuffer, Failure> {
    return Effect.map(this.#body.bytes, (bytes) => new Uint8Array(bytes).buffer)
  }

  get urlParamsBody(): Effect.Effect<UrlParams.UrlParams, Failure> {
    return Effect.map(this.text, (text) => UrlParams.fromInput(new URLSearchParams(text)))
  }

  get formData(): Effect.Effect<FormData, Failure> {
    return Effect.fail(this.#decodeError(new Error("This client does not read form data")))
  }

  get upgrade(): Effect.Effect<never, Failure> {
    return Effect.fail(this.#decodeError(new Error("This client does not support upgrades")))
  }

  #decodeError(cause: unknown): Failure {
    return new HttpClientError.HttpClientError({
      reason: new HttpClientError.DecodeError({ request: this.request, response: this, cause })
    })
  }

  override toJSON(): object {
    return HttpIncomingMessage.inspect(this, { _id: "HttpClientResponse", status: this.status })
  }

  pipe() {
    return pipeArguments(this, arguments)
  }
}
