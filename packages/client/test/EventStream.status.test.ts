import { assert, describe, it } from "@effect/vitest"
import { AuthenticationError } from "@kimi-effect/core/AuthenticationErrors"
import { ConnectionLostError } from "@kimi-effect/core/NetworkErrors"
import { OverloadedError, QuotaExceededError, RateLimitError } from "@kimi-effect/core/RateLimitErrors"
import { StreamTruncatedError } from "@kimi-effect/core/StreamErrors"
import { FirstTokenTimeoutError } from "@kimi-effect/core/TimeoutErrors"
import { InvalidRequestError } from "@kimi-effect/core/ValidationErrors"
import { Deferred, Duration, Effect, Fiber, Stream } from "effect"
import { TestClock } from "effect/testing"
import { HttpServerRequest } from "effect/http"
import * as EventStream from "../src/EventStream.ts"
import { parse } from "./support/eventStreams.ts"
import { startEvent } from "./support/responses.ts"

const lastFailure = (text: string): unknown => JSON.parse(parse(text).at(-1)?.[1] ?? "null")

describe("a call that fails before its first event", () => {
  const limited = new RateLimitError({
    message: "org-secret is limited",
    kind: "unknown",
    retryAfter: Duration.millis(1_200)
  })
  const respond = <A>(stream: Stream.Stream<A, unknown>, format: EventStream.Format<A>, options = {}) =>
    Effect.gen(function* () {
      const response = yield* EventStream.toResponse(stream, format, options)
      return { response, json: (yield* Effect.promise(() => response.json())) as unknown }
    })

  it.effect("has the status of its error, with a JSON body that has no texts of the host", () =>
    Effect.gen(function* () {
      const { json, response } = yield* respond(Stream.fail(limited), EventStream.events)
      assert.strictEqual(response.status, 429)
      assert.strictEqual(response.headers.get("content-type"), "application/json")
      assert.strictEqual(response.headers.get("retry-after"), "2")
      assert.strictEqual(response.headers.get("x-should-retry"), "true")
      assert.deepInclude(json, { _tag: "Failure", error: "RateLimitError", retryAfterMillis: 1_200 })
      assert.notInclude(JSON.stringify(json), "org-secret")
    })
  )

  it.effect("has the error of OpenAI's API", () =>
    Effect.gen(function* () {
      const { json } = yield* respond(Stream.fail(limited), EventStream.openAiChunks)
      assert.deepInclude(json, {
        error: {
          message: "The response failed (RateLimitError)",
          type: "rate_limit_reached_error",
          code: "RateLimitError",
          param: null
        }
      })
    })
  )

  const statuses: ReadonlyArray<readonly [error: unknown, status: number]> = [
    [new AuthenticationError({ message: "wrong key" }), 500],
    [new OverloadedError({ message: "busy" }), 503],
    [new QuotaExceededError({ message: "empty" }), 503],
    [new InvalidRequestError({ message: "bad" }), 400],
    [new ConnectionLostError({ message: "lost" }), 502],
    [new FirstTokenTimeoutError({ message: "late", timeout: Duration.seconds(1) }), 504],
    [new StreamTruncatedError({ message: "cut" }), 502],
    [new Error("a bug"), 500]
  ]
  it.effect.each(statuses)("of kind %s has the status %i", ([error, status]) =>
    Effect.gen(function* () {
      assert.strictEqual((yield* respond(Stream.fail(error), EventStream.events)).response.status, status)
    })
  )

  it.effect("has the status of the option, unless that is none of an error", () =>
    Effect.gen(function* () {
      const statusBy = (status: number) =>
        Effect.map(respond(Stream.fail(limited), EventStream.events, { status: () => status }), ({ response }) =>
          [response.status, response.headers.get("retry-after")].join()
        )
      assert.deepStrictEqual(
        [yield* statusBy(420), yield* statusBy(200), yield* statusBy(999)],
        ["420,2", "500,2", "500,2"]
      )
    })
  )

  it.effect("has the status of a response that is empty", () =>
    Effect.gen(function* () {
      const { json, response } = yield* respond(Stream.empty, EventStream.events)
      assert.strictEqual(response.status, 502)
      assert.deepInclude(json, { error: "StreamTruncatedError" })
    })
  )

  it.effect("has status 200 with a failure as its event once the wait for it is over", () =>
    Effect.gen(function* () {
      const late = Stream.fromEffect(Effect.delay(Effect.fail(limited), "20 seconds"))
      const fiber = yield* Effect.forkChild(EventStream.toResponse(late, EventStream.events))
      yield* TestClock.adjust("14999 millis")
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      const { body, status } = yield* Fiber.join(fiber)
      assert.strictEqual(status, 200)
      const text = yield* Effect.forkChild(Effect.promise(() => new Response(body).text()))
      yield* TestClock.adjust("5 seconds")
      assert.deepInclude(lastFailure(yield* Fiber.join(text)), { error: "RateLimitError" })
    })
  )

  it.effect("is reported by Effect's HTTP server too", () =>
    Effect.gen(function* () {
      const response = yield* EventStream.toHttpResponse(Stream.fail(limited), EventStream.events)
      assert.deepStrictEqual([response.status, response.headers["retry-after"]], [429, "2"])
    })
  )
})

describe("a wait for the first event", () => {
  /** A stream without an event, which reports when it is closed. */
  const waiting = Effect.gen(function* () {
    const isClosed = yield* Deferred.make<void>()
    return { isClosed, stream: Stream.ensuring(Stream.never, Deferred.succeed(isClosed, undefined)) }
  })

  it.effect("ends when it is interrupted, with the stream", () =>
    Effect.gen(function* () {
      const { isClosed, stream } = yield* waiting
      const fiber = yield* Effect.forkChild(EventStream.toResponse(stream, EventStream.events), {
        startImmediately: true
      })
      yield* Fiber.interrupt(fiber)
      assert.isTrue(yield* Deferred.isDone(isClosed))
    })
  )

  it.effect("ends when the signal aborts, with the stream", () =>
    Effect.gen(function* () {
      const { isClosed, stream } = yield* waiting
      const controller = new AbortController()
      const options = { signal: controller.signal }
      const fiber = yield* Effect.forkChild(EventStream.toResponse(stream, EventStream.events, options), {
        startImmediately: true
      })
      controller.abort()
      assert.strictEqual((yield* Fiber.join(fiber)).status, 499)
      yield* Deferred.await(isClosed)
    })
  )

  it.effect("leaves no stream open for a request whose body the server does not read", () =>
    Effect.gen(function* () {
      const isClosed = yield* Deferred.make<void>()
      const stream = Stream.concat(Stream.make(startEvent()), Stream.never).pipe(
        Stream.ensuring(Deferred.succeed(isClosed, undefined))
      )
      yield* Effect.scoped(EventStream.toHttpResponse(stream, EventStream.events)).pipe(
        Effect.provideService(
          HttpServerRequest.HttpServerRequest,
          HttpServerRequest.fromWeb(new Request("http://localhost/", { method: "HEAD" }))
        )
      )
      assert.isTrue(yield* Deferred.isDone(isClosed))
    })
  )
})
