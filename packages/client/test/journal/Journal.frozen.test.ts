/** Calls that wait while their process is frozen, and another one takes their lease. */
import { assert, describe, it } from "@effect/vitest"
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import * as ResponseCache from "@kimi-effect/core/ResponseCache"
import { MockProvider, Reply, type Script } from "@kimi-effect/testing"
import { Clock, Context, Deferred, Effect, Exit, Fiber, Layer, Redacted, Schema } from "effect"
import { TestClock } from "effect/testing"
import * as MemoryStore from "../../src/journal/internal/MemoryStore.ts"
import * as OnStore from "../../src/journal/internal/OnStore.ts"
import type { Store } from "../../src/journal/internal/Store.ts"
import { storeError } from "../../src/journal/internal/GroupCommit.ts"
import * as KimiClient from "../../src/KimiClient.ts"
import { ask } from "../support/batch.ts"

const header = { kind: "test", digest: "1" }
const unavailable = storeError("memory", "renew a lease", "it is away")

/** How the host answers the first request. Others are answered at once. */
type First = Effect.Effect<Script.Answer>

const refused: First = Effect.succeed(Reply.rateLimited({ retryAfter: "4 seconds" }))
/** Refuses after three seconds, for four. */
const refusedLate: First = Effect.delay(refused, "3 seconds")
const slow: First = Effect.as(Effect.sleep("6 seconds"), "answer")

/** Equal calls share one. */
const layerOf = (first: First) => {
  let count = 0
  return KimiClient.layerTransport.pipe(
    Layer.provideMerge(
      MockProvider.layerTransport({ script: () => (count++ === 0 ? first : Effect.succeed("answer")) })
    ),
    Layer.provide(ResponseCache.layerMemory()),
    Layer.provide(KimiConfig.layer({ apiKey: Redacted.make("sk-mock") }))
  )
}

/** What a store does with renewals from the start of a process's freeze to its end, after 2.5 seconds of the wait. */
const renewals = {
  /** The process is not frozen. */
  answered: (renew: Effect.Effect<boolean>) => renew,
  /** They wait until the process is woken. */
  late: (renew: Effect.Effect<boolean>, woken: Effect.Effect<void>) => Effect.andThen(woken, renew),
  /** Those that the process has sent before are never answered. */
  lost: () => Effect.never
}

interface Options {
  readonly keys?: ReadonlyArray<string>
  readonly first?: First
  /** Whether the store answers the woken process. */
  readonly isAvailable?: boolean
  readonly isIdempotent?: boolean
}

/** Calls of one lease, each with the same request. */
const run = (
  during: keyof typeof renewals,
  { first = refused, isAvailable = true, isIdempotent = true, keys = ["k"] }: Options = {}
) =>
  Effect.gen(function* () {
    const sent = yield* Deferred.make<void>()
    const layer = layerOf(Effect.andThen(Deferred.succeed(sent, undefined), first))
    const memory = yield* MemoryStore.make
    const woken = yield* Deferred.make<void>()
    let isFrozen = false
    let wasFrozen = false
    const store: Store = {
      ...memory,
      renew: (...renewal) => {
        if (isFrozen) return renewals[during](Effect.orDie(memory.renew(...renewal)), Deferred.await(woken))
        return wasFrozen && !isAvailable ? Effect.fail(unavailable) : memory.renew(...renewal)
      }
    }
    const worker = yield* (yield* OnStore.make(store, {})).join("r", header)
    const other = yield* (yield* OnStore.make(memory, {})).join("r", header)
    yield* worker.add(["a"])
    const [lease] = yield* worker.claim({ limit: 1 })
    assert.isDefined(lease)
    const context = yield* Layer.build(layer)
    const answer = Effect.map(Context.get(context, KimiClient.KimiClient).chat(ask("hello")), ({ text }) => text)
    const ended = Effect.forEach(
      keys,
      (key) => {
        const call = lease.call({ key, digest: "d", codec: Schema.String, isIdempotent }, answer)
        return Effect.zip(
          Effect.match(call, { onFailure: ({ _tag }) => _tag, onSuccess: (text) => text }),
          Clock.currentTimeMillis
        )
      },
      { concurrency: "unbounded" }
    )
    const fiber = yield* Effect.forkChild(ended)
    yield* Deferred.await(sent)
    isFrozen = true
    yield* TestClock.adjust("2500 millis")
    const taken = yield* other.claim({ limit: 1 })
    isFrozen = false
    wasFrozen = true
    yield* Deferred.done(woken, Exit.void)
    yield* TestClock.adjust("5 seconds")
    const ends = yield* Fiber.join(fiber)
    const { requests } = Context.get(context, MockProvider.MockProvider)
    return { ends, taken: taken.length, requests: (yield* requests).length }
  })

describe("a call that waits for a retry", () => {
  it.effect("is not sent again when another worker has its lease", () =>
    Effect.gen(function* () {
      const { ends, requests, taken } = yield* run("lost")
      assert.strictEqual(taken, 1)
      assert.deepStrictEqual(ends, [["LeaseLostError", 4_000]])
      assert.strictEqual(requests, 1)
    })
  )

  it.effect("ends as soon as its process knows that another worker has its lease", () =>
    Effect.gen(function* () {
      const { ends, requests } = yield* run("late")
      assert.deepStrictEqual(ends, [["LeaseLostError", 2_500]])
      assert.strictEqual(requests, 1)
    })
  )

  it.effect("ends no earlier if it cannot be made again, such as that of a tool", () =>
    Effect.gen(function* () {
      const { ends, requests } = yield* run("late", { isIdempotent: false })
      assert.deepStrictEqual(ends, [["LeaseLostError", 4_000]])
      assert.strictEqual(requests, 1)
    })
  )

  it.effect("is not sent again for other calls of its lease that wait for its response", () =>
    Effect.gen(function* () {
      const { ends, requests } = yield* run("lost", { keys: ["k", "l"], isAvailable: false })
      assert.deepStrictEqual(ends, [
        ["JournalStoreError", 4_000],
        ["JournalStoreError", 4_000]
      ])
      assert.strictEqual(requests, 1)
    })
  )

  it.effect("is sent again while its lease lasts", () =>
    Effect.gen(function* () {
      const { ends, requests, taken } = yield* run("answered", { keys: ["k", "l"] })
      assert.strictEqual(taken, 0)
      assert.deepStrictEqual(ends, [
        ["answer", 4_000],
        ["answer", 4_000]
      ])
      assert.strictEqual(requests, 2)
    })
  )
})

describe("a call that is at the host", () => {
  it.effect("is completed when another worker has its lease, since it is paid for", () =>
    Effect.gen(function* () {
      const { ends, taken } = yield* run("late", { first: slow })
      assert.strictEqual(taken, 1)
      assert.deepStrictEqual(ends, [["LeaseLostError", 6_000]])
    })
  )

  it.effect("is not tried again after the host refuses it when another worker has its lease", () =>
    Effect.gen(function* () {
      const { ends, requests } = yield* run("late", { first: refusedLate })
      assert.deepStrictEqual(ends, [["LeaseLostError", 3_000]])
      assert.strictEqual(requests, 1)
    })
  )
})
