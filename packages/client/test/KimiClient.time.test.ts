/**
 * Timeouts of attempts, on a scripted host and a test clock. The stage has its
 * own tests in core.
 */
import { assert, describe, it } from "@effect/vitest"
import type { ChatError, StreamError } from "@kimi-effect/core/OperationErrors"
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import type { ChatResponse } from "@kimi-effect/core/ChatResponse"
import type { StreamEvent } from "@kimi-effect/core/StreamEvent"
import { Context, Duration, Effect, Fiber, Layer, Stream } from "effect"
import { TestClock } from "effect/testing"
import { ChatTransport } from "../src/ChatTransport.ts"
import { HostApi } from "../src/HostApi.ts"
import * as KimiClient from "../src/KimiClient.ts"
import { providers } from "../src/Provider.ts"
import { hello } from "./node/support/kimi.ts"
import { hostApiOf, transportOf } from "./support/hosts.ts"
import { startEvent, textDelta, usageOf } from "./support/responses.ts"

const options = {
  provider: "custom",
  baseUrl: "http://localhost/v1",
  maxAttempts: 1,
  totalTimeout: "100 seconds",
  firstTokenTimeout: "20 seconds",
  idleTimeout: "10 seconds"
} as const

interface Script {
  readonly chat?: Effect.Effect<ChatResponse, ChatError>
  readonly stream?: Stream.Stream<StreamEvent, StreamError>
}

/** A client whose host follows the script, and never responds where it has no entry. */
const scripted = (script: Script) => {
  const host = Layer.merge(
    Layer.succeed(
      ChatTransport,
      transportOf({
        provider: providers.custom,
        chat: () => script.chat ?? Effect.never,
        stream: () => script.stream ?? Stream.never
      })
    ),
    Layer.succeed(
      HostApi,
      hostApiOf(providers.custom, () => Effect.never)
    )
  )
  const layer = KimiClient.layerTransport.pipe(Layer.provide(host), Layer.provide(KimiConfig.layer(options)))
  return Effect.map(Layer.build(layer), Context.get(KimiClient.KimiClient))
}

const usage: StreamEvent = { _tag: "Usage", usage: usageOf(1, 2) }

/** Each event after so many seconds, and then nothing. */
const after = (...steps: ReadonlyArray<readonly [number, StreamEvent]>): Stream.Stream<StreamEvent> =>
  Stream.fromIterable(steps).pipe(
    Stream.rechunk(1),
    Stream.mapEffect(([seconds, event]) => Effect.as(Effect.sleep(Duration.seconds(seconds)), event)),
    Stream.concat(Stream.never)
  )

/** The error after exactly so many seconds. */
const failsAt = Effect.fnUntraced(function* <A, E>(seconds: number, effect: Effect.Effect<A, E>) {
  const fiber = yield* Effect.forkChild(Effect.flip(effect))
  yield* TestClock.adjust(Duration.millis(seconds * 1000 - 1))
  assert.isUndefined(fiber.pollUnsafe(), `settled before ${seconds} seconds`)
  yield* TestClock.adjust(Duration.millis(1))
  assert.isDefined(fiber.pollUnsafe(), `not settled after ${seconds} seconds`)
  return yield* Fiber.join(fiber)
})

describe("the total timeout", () => {
  it.effect("interrupts a chat", () =>
    Effect.gen(function* () {
      let interruptions = 0
      const client = yield* scripted({
        chat: Effect.onInterrupt(Effect.never, () => Effect.sync(() => interruptions++))
      })
      const error = yield* failsAt(100, client.chat(hello))
      assert.strictEqual(error._tag, "TotalTimeoutError")
      assert.deepStrictEqual(error._tag === "TotalTimeoutError" && error.timeout, Duration.seconds(100))
      assert.strictEqual(interruptions, 1)
    })
  )

  it.effect("applies to requests that call no model", () =>
    Effect.gen(function* () {
      const client = yield* scripted({})
      assert.strictEqual((yield* failsAt(100, client.models))._tag, "TotalTimeoutError")
      assert.strictEqual((yield* failsAt(100, client.balance))._tag, "TotalTimeoutError")
      const estimate = client.estimateTokens({ messages: hello.messages })
      assert.strictEqual((yield* failsAt(100, estimate))._tag, "TotalTimeoutError")
    })
  )

  const endedStream = Effect.gen(function* () {
    const stream = Stream.fromEffectRepeat(Effect.as(Effect.sleep("5 seconds"), textDelta("a")))
    const client = yield* scripted({ stream })
    return yield* failsAt(100, Stream.runDrain(client.stream(hello)))
  })

  it.effect("ends a stream", () =>
    Effect.gen(function* () {
      const error = yield* endedStream
      assert.strictEqual(error._tag, "TotalTimeoutError")
    })
  )

  it.effect("keeps the partial content of a stream", () =>
    Effect.gen(function* () {
      const error = yield* endedStream
      assert.strictEqual(error.partial?.content, "a".repeat(19))
    })
  )
})

describe("the first-token timeout", () => {
  it.effect("limits the wait for the first content, regardless of other events", () =>
    Effect.gen(function* () {
      const client = yield* scripted({ stream: after([5, startEvent()], [5, usage]) })
      const error = yield* failsAt(20, Stream.runDrain(client.stream(hello)))
      assert.strictEqual(error._tag, "FirstTokenTimeoutError")
      assert.deepStrictEqual(error._tag === "FirstTokenTimeoutError" && error.timeout, Duration.seconds(20))
      assert.isUndefined(error.partial)
    })
  )

  it.effect("includes the time until the stream starts", () =>
    Effect.gen(function* () {
      const stream = Stream.unwrap(Effect.as(Effect.sleep("15 seconds"), after([10, textDelta("a")])))
      const client = yield* scripted({ stream })
      const error = yield* failsAt(20, Stream.runDrain(client.stream(hello)))
      assert.strictEqual(error._tag, "FirstTokenTimeoutError")
    })
  )
})

describe("the idle timeout", () => {
  const stalledStream = Effect.gen(function* () {
    let closed = 0
    const stream = Stream.ensuring(
      after([5, startEvent()], [5, textDelta("Hel")], [9, textDelta("lo")]),
      Effect.sync(() => closed++)
    )
    const client = yield* scripted({ stream })
    const error = yield* failsAt(29, Stream.runDrain(client.stream(hello)))
    return { closed, error }
  })

  it.effect("ends a stream that has stopped sending", () =>
    Effect.gen(function* () {
      const { error } = yield* stalledStream
      assert.strictEqual(error._tag, "IdleTimeoutError")
      assert.deepStrictEqual(error._tag === "IdleTimeoutError" && error.timeout, Duration.seconds(10))
    })
  )

  it.effect("keeps the partial content", () =>
    Effect.gen(function* () {
      const { error } = yield* stalledStream
      assert.deepStrictEqual(error.partial, { content: "Hello", reasoning_content: "", tool_calls: [] })
    })
  )

  it.effect("closes the stream of the host", () =>
    Effect.gen(function* () {
      const { closed } = yield* stalledStream
      assert.strictEqual(closed, 1)
    })
  )

  it.effect("is not reset by events without content", () =>
    Effect.gen(function* () {
      const client = yield* scripted({ stream: after([1, textDelta("a")], [4, usage], [4, usage], [4, usage]) })
      const error = yield* failsAt(11, Stream.runDrain(client.stream(hello)))
      assert.strictEqual(error._tag, "IdleTimeoutError")
      assert.deepStrictEqual(error.partial?.usage, { prompt_tokens: 1, completion_tokens: 2 })
    })
  )

  it.effect("does not include the time of the consumer", () =>
    Effect.gen(function* () {
      const client = yield* scripted({ stream: after([1, textDelta("a")], [1, textDelta("b")], [1, textDelta("c")]) })
      const seen: Array<StreamEvent> = []
      const slow = client.stream(hello).pipe(
        Stream.tap((event) => Effect.sync(() => seen.push(event))),
        Stream.mapEffect(() => Effect.sleep("15 seconds")),
        Stream.runDrain
      )
      // Three events after a second each, fifteen seconds of the consumer for each, and the idle timeout.
      assert.strictEqual((yield* failsAt(58, slow))._tag, "IdleTimeoutError")
      assert.deepStrictEqual(seen, [textDelta("a"), textDelta("b"), textDelta("c")])
    })
  )
})
