import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Option } from "effect"
import { TestClock } from "effect/testing"
import * as CacheEnvelope from "../../src/cache/internal/envelope/CacheEnvelope.ts"
import { call } from "./support/cache.ts"
import { fakeStore, gone, processOn, settle } from "./support/stores.ts"

/** A store with an intact entry for the call, whose content is this text. */
const storeWith = Effect.fnUntraced(function* (content: string) {
  const fake = fakeStore()
  const one = yield* processOn(fake)
  const key = yield* one.cache.keyOf(call)
  const times = { createdAt: 0, staleAt: 60_000, expiresAt: 60_000 }
  const envelope = yield* CacheEnvelope.make()
  const bytes = yield* envelope.seal(key, { body: new TextEncoder().encode(content), ...times })
  fake.entries.set(key, { bytes: Option.getOrThrow(bytes), expiresAt: times.expiresAt, tags: [] })
  return { fake, ...one }
})

describe("ResponseCache with unusual entries in a store", () => {
  it.effect("counts an entry with unknown content as corrupt", () =>
    Effect.gen(function* () {
      const { cache, chat } = yield* storeWith("no response")
      yield* chat(call)
      assert.deepInclude((yield* cache.statistics).store, { hits: 0, misses: 1, failures: 0, corrupt: 1 })
    })
  )

  it.effect("replaces an entry with unknown content", () =>
    Effect.gen(function* () {
      const { chat, fake } = yield* storeWith("no response")
      yield* chat(call)
      yield* settle
      const other = yield* processOn(fake)
      assert.strictEqual((yield* other.chat(call)).cached?.level, "store")
    })
  )

  it.effect("stays writable after a response that is too large for an entry", () =>
    Effect.gen(function* () {
      const fake = fakeStore()
      const { cache, chat } = yield* processOn(fake, { envelope: { maxBytes: 10 } })
      yield* chat(call)
      yield* settle
      assert.deepStrictEqual(fake.log, ["get"])
      assert.deepInclude((yield* cache.statistics).store, { pending: 0, isWritable: true })
    })
  )

  it.effect("is not readable before the first call if the test of the store fails", () =>
    Effect.gen(function* () {
      const fake = fakeStore()
      const { cache } = yield* processOn({ ...fake, store: { ...fake.store, check: Effect.fail(gone) } })
      assert.deepInclude((yield* cache.statistics).store, { isReadable: false, failure: "gone" })
    })
  )

  for (const operation of ["remove", "removeTag", "clear"] as const) {
    it.effect(`names the operation of a ${operation} that the store does not answer`, () =>
      Effect.gen(function* () {
        const fake = fakeStore()
        const { cache } = yield* processOn(fake, { writeTimeout: "2 seconds" })
        fake.before = () => Effect.never
        const removals = { remove: cache.remove("0".repeat(64)), removeTag: cache.removeTag("x"), clear: cache.clear }
        const fiber = yield* Effect.forkChild(Effect.flip(removals[operation]))
        yield* TestClock.adjust("2 seconds")
        const error = yield* Fiber.join(fiber)
        assert.deepInclude({ ...error }, { _tag: "CacheStoreError", store: "fake", operation })
      })
    )
  }
})
