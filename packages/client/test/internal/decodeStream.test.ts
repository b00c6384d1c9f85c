import { assert, describe, it } from "@effect/vitest"
import type { StreamEvent } from "@kimi-effect/core/StreamEvent"
import * as Cause from "effect/Cause"
import * as Channel from "effect/Channel"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as HttpClientError from "effect/http/HttpClientError"
import * as Ref from "effect/Ref"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { decodeStream } from "../../src/internal/decodeStream.ts"
import { fromBrokenStream } from "../../src/internal/mapTransportError.ts"
import { brokenBody } from "./support/bodies.ts"
import { call } from "./support/errors.ts"
import { bytesOf, chunk, decode, makeDecoder, readsOf, toSse } from "./support/sse.ts"

const done = "data: [DONE]\n\n"
const hello = toSse(chunk({ content: "hello" }))
const more = toSse(chunk({ content: " more" }))
const stop = toSse(chunk({}, "stop"))
const whole = [hello, more, stop, done]
const { events } = decode(whole)

type Body = Stream.Stream<Uint8Array, HttpClientError.HttpClientError>

const bodyOf = (...texts: ReadonlyArray<string>): Body =>
  Stream.fromIterable(texts.map(bytesOf)).pipe(Stream.rechunk(1))

const broken: Body = Stream.fail(brokenBody(Object.assign(new Error("reset"), { code: "ECONNRESET" })))

const decoded = (body: Body) =>
  decodeStream(
    (scope) => Channel.toPullScoped(body.channel, scope),
    makeDecoder(),
    (error) => fromBrokenStream(error, call)
  )

/** The events of a stream and how it ends. */
const consume = Effect.fnUntraced(function* (body: Body) {
  const seen: Array<StreamEvent> = []
  const exit = yield* Effect.exit(Stream.runForEach(decoded(body), (event) => Effect.sync(() => void seen.push(event))))
  const error = Exit.isFailure(exit) ? Cause.findErrorOption(exit.cause) : undefined
  return { seen, tag: error?._tag === "Some" ? error.value._tag : undefined, exit }
})

describe("decodeStream", () => {
  it.effect("emits the events of a body for any chunking", () =>
    Effect.gen(function* () {
      for (const size of [1, 7, 100, 10_000]) {
        const body = Stream.fromIterable(readsOf(whole.join(""), size))
        assert.deepStrictEqual(yield* Stream.runCollect(decoded(body)), events, `${size} bytes a read`)
      }
    })
  )

  it.effect("emits the events before a body fails, then its error", () =>
    Effect.gen(function* () {
      const { seen, tag } = yield* consume(Stream.concat(bodyOf(hello, more), broken))
      assert.deepStrictEqual(seen, events.slice(0, 3))
      assert.strictEqual(tag, "StreamInterruptedError")
      assert.strictEqual((yield* consume(broken)).tag, "StreamInterruptedError")
    })
  )

  it.effect("emits the events before a body ends without its end mark, then StreamTruncatedError", () =>
    Effect.gen(function* () {
      const { seen, tag } = yield* consume(bodyOf(hello, more, stop))
      assert.deepStrictEqual(seen, events.slice(0, 3))
      assert.strictEqual(tag, "StreamTruncatedError")
      assert.strictEqual((yield* consume(Stream.empty)).tag, "StreamTruncatedError")
    })
  )

  it.effect("emits the events before a failure in the same read, then the failure", () =>
    Effect.gen(function* () {
      const isReadOn = yield* Ref.make(false)
      const rest: Body = Stream.fromEffect(Effect.as(Ref.set(isReadOn, true), bytesOf(more)))
      const { seen, tag } = yield* consume(Stream.concat(bodyOf(`${hello}data: {corrupt\n\n${more}`), rest))
      assert.deepStrictEqual(seen, events.slice(0, 2))
      assert.strictEqual(tag, "StreamDecodeError")
      assert.isFalse(yield* Ref.get(isReadOn))
    })
  )

  it.effect("does not map a defect or an interruption of the body", () =>
    Effect.gen(function* () {
      const died = yield* consume(Stream.concat(bodyOf(hello), Stream.die("bug")))
      assert.isUndefined(died.tag)
      assert.isTrue(Exit.isFailure(died.exit) && Cause.hasDies(died.exit.cause))
    })
  )

  it.effect("reads the body on demand", () =>
    Effect.gen(function* () {
      const reads = yield* Ref.make(0)
      const body = Stream.tap(bodyOf(hello, more, stop, done), () => Ref.update(reads, (n) => n + 1))
      assert.strictEqual((yield* Stream.runCollect(Stream.take(decoded(body), 1))).length, 1)
      assert.strictEqual(yield* Ref.get(reads), 1)
    })
  )

  it.effect("closes the body when the stream ends or is left", () =>
    Effect.gen(function* () {
      for (const texts of [whole, [hello, "data: {corrupt\n\n"], [hello, stop]]) {
        for (const count of [1, 100]) {
          const left = yield* Ref.make(0)
          const body = Stream.ensuring(
            bodyOf(...texts),
            Ref.update(left, (n) => n + 1)
          )
          yield* Effect.exit(Stream.runDrain(Stream.take(decoded(body), count)))
          yield* Effect.yieldNow
          assert.strictEqual(yield* Ref.get(left), 1)
        }
      }
    })
  )

  it.effect("reads to the end of the body after the end mark, so that the connection can be reused", () =>
    Effect.gen(function* () {
      const hasEnded = yield* Deferred.make<void>()
      const end: Body = Stream.drain(Stream.fromEffect(Deferred.succeed(hasEnded, undefined)))
      const body = Stream.concat(bodyOf(...whole, "\n", ": bye\n\n"), end)
      assert.deepStrictEqual(yield* Stream.runCollect(decoded(body)), events)
      yield* Deferred.await(hasEnded)
    })
  )

  it.effect("ignores an error of the body after the end mark", () =>
    Effect.gen(function* () {
      const { seen, exit } = yield* consume(Stream.concat(bodyOf(...whole), broken))
      assert.isTrue(Exit.isSuccess(exit))
      assert.deepStrictEqual(seen, events)
    })
  )

  /** A complete stream whose body continues with `rest`, and whether the body has been closed. */
  const completeThen = Effect.fnUntraced(function* (rest: Body) {
    const isClosed = yield* Ref.make(false)
    const body = Stream.ensuring(Stream.concat(bodyOf(...whole), rest), Ref.set(isClosed, true))
    // No time passes, so a stream that waited would never end.
    assert.deepStrictEqual(yield* Stream.runCollect(decoded(body)), events)
    return isClosed
  })

  it.effect("closes the connection 250 ms after the end mark if the host leaves it open", () =>
    Effect.gen(function* () {
      const isClosed = yield* completeThen(Stream.never)
      yield* TestClock.adjust("249 millis")
      assert.isFalse(yield* Ref.get(isClosed))
      yield* TestClock.adjust("1 millis")
      assert.isTrue(yield* Ref.get(isClosed))
    })
  )

  it.effect("ends at the end mark even if the host keeps sending", () =>
    Effect.gen(function* () {
      const isClosed = yield* completeThen(Stream.map(Stream.tick("10 millis"), () => bytesOf(hello)))
      yield* TestClock.adjust("250 millis")
      assert.isTrue(yield* Ref.get(isClosed))
    })
  )

  it.effect("closes the body at once when the consumer leaves before the end mark", () =>
    Effect.gen(function* () {
      const isClosed = yield* Ref.make(false)
      const body = Stream.ensuring(Stream.concat(bodyOf(hello), Stream.never), Ref.set(isClosed, true))
      yield* Stream.runCollect(Stream.take(decoded(body), 1))
      assert.isTrue(yield* Ref.get(isClosed))
    })
  )
})
