/** Calls that wait while their process is frozen, and another one takes their lease. */
import { assert, describe, it } from "@effect/vitest"
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import { MockProvider, Reply } from "@kimi-effect/testing"
import { Effect, Fiber, Layer, Redacted, Schema } from "effect"
import { TestClock } from "effect/testing"
import * as MemoryStore from "../../src/journal/internal/MemoryStore.ts"
import * as OnStore from "../../src/journal/internal/OnStore.ts"
import type { Store } from "../../src/journal/internal/Store.ts"
import * as KimiClient from "../../src/KimiClient.ts"
import { ask } from "../support/batch.ts"

const header = { kind: "test", digest: "1" }
const options = { key: "k", digest: "d", codec: Schema.String, isIdempotent: true }

/** The first attempt is refused for four seconds. */
const layer = KimiClient.layerTransport.pipe(
  Layer.provideMerge(
    MockProvider.layerTransport({ script: [Reply.rateLimited({ retryAfter: "4 seconds" }), "answer"] })
  ),
  Layer.provide(KimiConfig.layer({ apiKey: Redacted.make("sk-mock") }))
)

/** A call in a journal whose store answers no renewal while it is frozen, for 2.5 seconds of the wait. */
const run = (isFrozen: boolean) =>
  Effect.gen(function* () {
    const memory = yield* MemoryStore.make
    let answers = true
    const store: Store = {
      ...memory,
      renew: (...renewal) => (answers ? memory.renew(...renewal) : Effect.never)
    }
    const worker = yield* (yield* OnStore.make(store, {})).join("r", header)
    const other = yield* (yield* OnStore.make(memory, {})).join("r", header)
    yield* worker.add(["a"])
    const [lease] = yield* worker.claim({ limit: 1 })
    assert.isDefined(lease)
    const kimi = yield* KimiClient.KimiClient
    const answer = Effect.map(kimi.chat(ask("hello")), ({ text }) => text)
    const called = yield* Effect.forkChild(Effect.exit(lease.call(options, answer)))
    yield* TestClock.adjust(0)
    answers = !isFrozen
    yield* TestClock.adjust("2500 millis")
    const taken = yield* other.claim({ limit: 1 })
    answers = true
    yield* TestClock.adjust("5 seconds")
    const exit = yield* Fiber.join(called)
    return { exit, taken: taken.length, requests: (yield* (yield* MockProvider.MockProvider).requests).length }
  }).pipe(Effect.scoped, Effect.provide(layer))

describe("a call that waits for a retry", () => {
  it.effect("is not sent again when another worker has its lease", () =>
    Effect.gen(function* () {
      const { exit, requests, taken } = yield* run(true)
      assert.strictEqual(taken, 1)
      assert.strictEqual((yield* Effect.flip(exit))._tag, "LeaseLostError")
      assert.strictEqual(requests, 1)
    })
  )

  it.effect("is sent again while its lease lasts", () =>
    Effect.gen(function* () {
      const { exit, requests, taken } = yield* run(false)
      assert.strictEqual(taken, 0)
      assert.strictEqual(yield* exit, "answer")
      assert.strictEqual(requests, 2)
    })
  )
})
