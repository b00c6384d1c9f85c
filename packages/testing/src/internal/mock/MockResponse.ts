/** The response to an HTTP request that a plan describes, delivered by the `Clock` of the fiber that reads it. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
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
import type { WirePlan } from "../wirePlan.ts"

type Request = HttpClientRequest.HttpClientRequest
type HttpError = HttpClientError.HttpClientError

const sleep = (millis: number): Effect.Effect<void> => (millis > 0 ? Effect.sleep(millis) : Effect.void)

/** The failure of the platform, with the code by which a client recognizes it. */
const platformError = (code: string): Error => Object.assign(new Error(code), { code })

/** No response arrives. */
const transportError = (request: Request, code: string): HttpError =>
  new HttpClientError.HttpClientError({
    reason: new HttpClientError.TransportError({ request, cause: platformError(code) })
  })

/** Runs once, when the host has sent the body, or when it has failed or is abandoned. */
type OnEnd = (exit: Exit.Exit<unknown, unknown>) => Effect.Effect<void>

const once = (onEnd: OnEnd | undefined): OnEnd => {
  let isLeft = onEnd !== undefined
  return (exit) => {
    if (!isLeft || onEnd === undefined) return Effect.void
    isLeft = false
    return onEnd(exit)
  }
}

class MockResponse extends Inspectable.Class implements HttpClientResponse.HttpClientResponse {
  readonly [HttpIncomingMessage.TypeId]: typeof HttpIncomingMessage.TypeId = HttpIncomingMessage.TypeId
  readonly [HttpClientResponse.TypeId]: typeof HttpClientResponse.TypeId = HttpClientResponse.TypeId
  readonly request: Request
  readonly url: string
  readonly status: number
  readonly headers: Headers.Headers
  readonly cookies: Cookies.Cookies = Cookies.empty
  readonly remoteAddress: Option.Option<string> = Option.none()
  readonly stream: Stream.Stream<Uint8Array, HttpError>

  constructor(request: Request, plan: WirePlan, onBodyEnd: OnEnd | undefined) {
    super()
    this.request = request
    this.url = request.url
    this.status = plan.status
    this.headers = Headers.fromInput(plan.headers)
    this.stream = Stream.suspend(() => this.#body(plan, once(onBodyEnd)))
  }

  #brokenBody(code: string): HttpError {
    return new HttpClientError.HttpClientError({
      reason: new HttpClientError.DecodeError({ request: this.request, response: this, cause: platformError(code) })
    })
  }

  #body(plan: WirePlan, onEnd: OnEnd): Stream.Stream<Uint8Array, HttpError> {
    let received = 0
    let writeCount = 0
    const lastWrite = plan.ending === "end" && Array.isArray(plan.writes) ? plan.writes.length : undefined
    const writes = Stream.fromIterable(plan.writes, { chunkSize: 1 }).pipe(
      Stream.tap((bytes) => {
        received += bytes.length
        writeCount += 1
        // The host is done with its last write, whether or not the client reads on to the end of the body.
        return writeCount === lastWrite
          ? Effect.andThen(sleep(plan.writeDelay), onEnd(Exit.void))
          : sleep(plan.writeDelay)
      })
    )
    const whole = Stream.concat(
      writes,
      Stream.suspend(() => this.#ending(plan, received))
    )
    const delayed = plan.bodyDelay > 0 ? Stream.concat(Stream.fromEffectDrain(sleep(plan.bodyDelay)), whole) : whole
    return Stream.onExit(delayed, onEnd)
  }

  #ending({ ending, headers }: WirePlan, received: number): Stream.Stream<never, HttpError> {
    switch (ending) {
      case "end":
        return Stream.empty
      case "stall":
        return Stream.never
      case "reset":
        return Stream.fail(this.#brokenBody("ECONNRESET"))
      case "close":
        // Closed gracefully: the body is complete only when it has the announced length.
        return headers["content-length"] === `${received}`
          ? Stream.empty
          : Stream.fail(this.#brokenBody("UND_ERR_SOCKET"))
    }
  }

  get arrayBuffer(): Effect.Effect<ArrayBuffer, HttpError> {
    return Effect.map(Stream.mkUint8Array(this.stream), (bytes) => bytes.buffer)
  }

  get text(): Effect.Effect<string, HttpError> {
    return Effect.map(Stream.mkUint8Array(this.stream), (bytes) => new TextDecoder().decode(bytes))
  }

  #decoded<A>(text: Effect.Effect<string, HttpError>, decode: (text: string) => A): Effect.Effect<A, HttpError> {
    return Effect.flatMap(text, (body) =>
      Effect.try({
        try: () => decode(body),
        catch: (cause) =>
          new HttpClientError.HttpClientError({
            reason: new HttpClientError.DecodeError({ request: this.request, response: this, cause })
          })
      })
    )
  }

  get json(): Effect.Effect<Schema.Json, HttpError> {
    return this.#decoded(this.text, (body): Schema.Json => JSON.parse(body))
  }

  get urlParamsBody(): Effect.Effect<UrlParams.UrlParams, HttpError> {
    return this.#decoded(this.text, (body) => UrlParams.fromInput(new URLSearchParams(body)))
  }

  get formData(): Effect.Effect<FormData, HttpError> {
    return this.#refused("A response of the mock has no form data")
  }

  get upgrade(): Effect.Effect<never, HttpError> {
    return this.#refused("A response of the mock upgrades no connection")
  }

  #refused(description: string): Effect.Effect<never, HttpError> {
    return Effect.fail(
      new HttpClientError.HttpClientError({
        reason: new HttpClientError.StatusCodeError({ request: this.request, response: this, description })
      })
    )
  }

  pipe(): unknown {
    // oxlint-disable-next-line prefer-rest-params
    return pipeArguments(this, arguments)
  }

  override toJSON(): unknown {
    return HttpIncomingMessage.inspect(this, {
      _id: "HttpClientResponse",
      request: this.request.toJSON(),
      status: this.status
    })
  }
}

/** Delivers a plan: the head of the response now, and its body as it is read. */
export const deliver = (
  request: Request,
  plan: WirePlan,
  onBodyEnd?: OnEnd
): Effect.Effect<HttpClientResponse.HttpClientResponse, HttpError> => {
  if (plan.start === "stall") return Effect.never
  if (plan.start === "reset") return Effect.fail(transportError(request, plan.resetCode ?? "ECONNRESET"))
  return Effect.map(sleep(plan.start), () => new MockResponse(request, plan, onBodyEnd))
}
