/** The response to an HTTP request that a plan describes, delivered by the `Clock` of the fiber that reads it. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as HttpClientError from "effect/http/HttpClientError"
import type * as HttpClientRequest from "effect/http/HttpClientRequest"
import type * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Stream from "effect/Stream"
import { decodeError, StreamedResponse } from "../StreamedResponse.ts"
import { delayBefore, type WirePlan } from "../wirePlan.ts"

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

const brokenBody = (response: StreamedResponse, code: string): HttpError => decodeError(response, platformError(code))

const endingOf = (
  response: StreamedResponse,
  { ending, headers }: WirePlan,
  received: number
): Stream.Stream<never, HttpError> => {
  switch (ending) {
    case "end":
      return Stream.empty
    case "stall":
      return Stream.never
    case "reset":
      return Stream.fail(brokenBody(response, "ECONNRESET"))
    case "close":
      // Closed gracefully: the body is complete only when it has the announced length.
      return headers["content-length"] === `${received}`
        ? Stream.empty
        : Stream.fail(brokenBody(response, "UND_ERR_SOCKET"))
  }
}

const bodyOf = (response: StreamedResponse, plan: WirePlan, onEnd: OnEnd): Stream.Stream<Uint8Array, HttpError> => {
  let received = 0
  let writeCount = 0
  const lastWrite = plan.ending === "end" && Array.isArray(plan.writes) ? plan.writes.length : undefined
  const writes = Stream.fromIterable(plan.writes, { chunkSize: 1 }).pipe(
    Stream.tap((bytes) => {
      received += bytes.length
      const delay = sleep(delayBefore(plan, writeCount))
      writeCount += 1
      // The host is done with its last write, whether or not the client reads on to the end of the body.
      return writeCount === lastWrite ? Effect.andThen(delay, onEnd(Exit.void)) : delay
    })
  )
  const whole = Stream.concat(
    writes,
    Stream.suspend(() => endingOf(response, plan, received))
  )
  const delayed = plan.bodyDelay > 0 ? Stream.concat(Stream.fromEffectDrain(sleep(plan.bodyDelay)), whole) : whole
  return Stream.onExit(delayed, onEnd)
}

/** Delivers a plan: the head of the response now, and its body as it is read. */
export const deliver = (
  request: Request,
  plan: WirePlan,
  onBodyEnd?: OnEnd
): Effect.Effect<HttpClientResponse.HttpClientResponse, HttpError> => {
  if (plan.start === "stall") return Effect.never
  if (plan.start === "reset") return Effect.fail(transportError(request, plan.resetCode ?? "ECONNRESET"))
  return Effect.map(
    sleep(plan.start),
    () =>
      new StreamedResponse(request, { ...plan, url: request.url }, (response) =>
        Stream.suspend(() => bodyOf(response, plan, once(onBodyEnd)))
      )
  )
}
