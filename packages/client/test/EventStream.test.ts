import { assert, describe, it } from "@effect/vitest"
import { AuthenticationError } from "@kimi-effect/core/AuthenticationErrors"
import { RateLimitError } from "@kimi-effect/core/RateLimitErrors"
import { Deferred, Duration, Effect, Fiber, Schema, Stream } from "effect"
import { TestClock } from "effect/testing"
import { HttpRouter, HttpServerResponse } from "effect/http"
import * as EventStream from "../src/EventStream.ts"
import { failing, parse, quiet, textOf } from "./support/eventStreams.ts"
import { eventsOf, startEvent, textDelta, usageOf } from "./support/responses.ts"

const lastFailure = (text: string): unknown => JSON.parse(parse(text).at(-1)?.[1] ?? "null")

describe("EventStream.events", () => {
  it.effect("writes each event with its tag as name", () =>
    Effect.gen(function* () {
      const events = eventsOf({ content: "line 1\nline 2", usage: usageOf(3, 2) })
      const written = parse(yield* textOf(Stream.fromIterable(events), EventStream.events))
      assert.deepStrictEqual(
        written,
        events.map((event) => [event._tag, JSON.stringify(event)] as const)
      )
    })
  )

  it.effect("ends with a failure that has no text of the host", () =>
    Effect.gen(function* () {
      const error = new RateLimitError({
        message: "org-secret is limited",
        kind: "unknown",
        retryAfter: Duration.seconds(2)
      })
      const text = yield* textOf(failing(error), EventStream.events)
      assert.deepStrictEqual(lastFailure(text), {
        _tag: "Failure",
        error: "RateLimitError",
        message: "The response failed (RateLimitError)",
        isRetryable: true,
        retryAfterMillis: 2_000
      })
      assert.notInclude(text, "org-secret")
      Schema.decodeUnknownSync(EventStream.Failure)(lastFailure(text))
    })
  )

  it.effect("names nothing of an error that is not the library's", () =>
    Effect.gen(function* () {
      const text = yield* textOf(failing(new Error("postgres://user:password@db")), EventStream.events)
      assert.deepInclude(lastFailure(text), { error: "UnknownError", isRetryable: false })
      assert.notInclude(text, "password")
    })
  )

  it.effect("ends with a failure for a defect", () =>
    Effect.gen(function* () {
      const text = yield* textOf(Stream.concat(Stream.make(startEvent()), Stream.die("secret")), EventStream.events)
      assert.deepInclude(lastFailure(text), { error: "UnknownError" })
      assert.notInclude(text, "secret")
    })
  )

  it.effect("uses the text of the option `message`", () =>
    Effect.gen(function* () {
      const error = new AuthenticationError({ message: "wrong key" })
      const text = yield* textOf(failing(error), EventStream.events, { ...quiet, message: () => "Try again later." })
      assert.deepInclude(lastFailure(text), { error: "AuthenticationError", message: "Try again later." })
    })
  )

  it.effect("ends with a failure when the stream has no Finish", () =>
    Effect.gen(function* () {
      const text = yield* textOf(Stream.make(startEvent(), textDelta("Hi")), EventStream.events)
      assert.deepInclude(lastFailure(text), { error: "StreamTruncatedError", isRetryable: true })
    })
  )
})

describe("EventStream.fromSchema", () => {
  const Step = Schema.Union([
    Schema.TaggedStruct("Started", { at: Schema.DateTimeUtc }),
    Schema.TaggedStruct("Count", { count: Schema.BigInt })
  ])

  it.effect("writes the encoded event", () =>
    Effect.gen(function* () {
      const text = yield* textOf(Stream.make({ _tag: "Count", count: 12n } as const), EventStream.fromSchema(Step))
      assert.strictEqual(text, 'event: Count\ndata: {"_tag":"Count","count":"12"}\n\n')
    })
  )

  it.effect("ends with a failure for an event that does not fit the schema", () =>
    Effect.gen(function* () {
      const wrong = Stream.make({ _tag: "Count", count: 12n }, { _tag: "Count", count: 1 } as never)
      const text = yield* textOf(Stream.rechunk(wrong, 1), EventStream.fromSchema(Step))
      assert.deepInclude(lastFailure(text), { error: "UnknownError" })
    })
  )
})

describe("EventStream.toResponse", () => {
  it.effect("has the headers of an event stream", () =>
    Effect.gen(function* () {
      const { headers, status } = yield* EventStream.toResponse(Stream.fromIterable(eventsOf()), EventStream.events, {
        headers: { "x-own": "1" }
      })
      assert.strictEqual(status, 200)
      assert.strictEqual(headers.get("content-type"), "text/event-stream")
      assert.strictEqual(headers.get("cache-control"), "no-cache, no-transform")
      assert.strictEqual(headers.get("x-accel-buffering"), "no")
      assert.strictEqual(headers.get("x-own"), "1")
    })
  )

  const interruptible = Effect.gen(function* () {
    const isClosed = yield* Deferred.make<void>()
    const stream = Stream.concat(Stream.make(startEvent()), Stream.never).pipe(
      Stream.ensuring(Deferred.succeed(isClosed, undefined))
    )
    return { isClosed, stream }
  })

  it.effect("interrupts the stream when the reader cancels the body", () =>
    Effect.gen(function* () {
      const { isClosed, stream } = yield* interruptible
      const response = yield* EventStream.toResponse(stream, EventStream.events)
      const reader = response.body?.getReader() ?? assert.fail("no body")
      yield* Effect.promise(() => reader.read())
      assert.isFalse(yield* Deferred.isDone(isClosed))
      yield* Effect.promise(() => reader.cancel())
      yield* Deferred.await(isClosed)
    })
  )

  it.effect("interrupts the stream when its signal aborts", () =>
    Effect.gen(function* () {
      const { isClosed, stream } = yield* interruptible
      const controller = new AbortController()
      const response = yield* EventStream.toResponse(stream, EventStream.events, { signal: controller.signal })
      const reader = response.body?.getReader() ?? assert.fail("no body")
      yield* Effect.promise(() => reader.read())
      controller.abort()
      yield* Deferred.await(isClosed)
      assert.isTrue((yield* Effect.promise(() => reader.read())).done)
    })
  )

  it.effect("writes the events of one read together", () =>
    Effect.gen(function* () {
      const response = yield* EventStream.toResponse(Stream.fromIterable(eventsOf()), EventStream.events, quiet)
      const reader = response.body?.getReader() ?? assert.fail("no body")
      const { value } = yield* Effect.promise(() => reader.read())
      assert.strictEqual(parse(new TextDecoder().decode(value)).length, eventsOf().length)
      assert.isTrue((yield* Effect.promise(() => reader.read())).done)
    })
  )
})

describe("EventStream.toBytes", () => {
  const collectFor = (time: Duration.Input, options: EventStream.Options) =>
    Effect.gen(function* () {
      const stream = Stream.concat(Stream.make(startEvent()), Stream.never)
      const texts: Array<string> = []
      const fiber = yield* EventStream.toBytes(stream, EventStream.events, options).pipe(
        Stream.runForEach((bytes) => Effect.sync(() => texts.push(new TextDecoder().decode(bytes)))),
        Effect.forkChild
      )
      yield* TestClock.adjust(time)
      yield* Fiber.interrupt(fiber)
      return texts.slice(1)
    })

  it.effect("sends a comment every 15 seconds", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* collectFor("14999 millis", {}), [])
      assert.deepStrictEqual(
        yield* collectFor("45 seconds", {}),
        Array.from({ length: 3 }, () => ": keep-alive\n\n")
      )
    })
  )

  it.effect("sends no comment when the option is zero", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* collectFor("1 hour", { keepAlive: 0 }), [])
      assert.deepStrictEqual(yield* collectFor("1 hour", { keepAlive: Duration.infinity }), [])
    })
  )
})

describe("EventStream.toHttpResponse", () => {
  it.effect("is the same body in a response of Effect's HTTP server", () =>
    Effect.gen(function* () {
      const route = HttpRouter.add(
        "GET",
        "/stream",
        EventStream.toHttpResponse(Stream.fromIterable(eventsOf()), EventStream.openAiChunks, quiet)
      )
      const { dispose, handler } = HttpRouter.toWebHandler(route, { disableLogger: true })
      const response = yield* Effect.promise(() => handler(new Request("http://localhost/stream")))
      const expected = yield* textOf(Stream.fromIterable(eventsOf()), EventStream.openAiChunks)
      assert.strictEqual(response.headers.get("content-type"), "text/event-stream")
      assert.strictEqual(yield* Effect.promise(() => response.text()), expected)
      assert.isTrue(
        HttpServerResponse.isHttpServerResponse(yield* EventStream.toHttpResponse(Stream.empty, EventStream.events))
      )
      yield* Effect.promise(() => dispose())
    })
  )
})
