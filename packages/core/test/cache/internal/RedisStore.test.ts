import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Option } from "effect"
import { TestClock } from "effect/testing"
import * as RedisStore from "../../../src/cache/internal/RedisStore.ts"
import type { CacheStoreError } from "../../../src/errors/CacheErrors.ts"
import * as Redis from "../../../src/Redis.ts"
import { layerDigest } from "../support/cache.ts"

const key = "0123456789abcdef".repeat(2)
const entry = new Uint8Array([1, 2, 3])

/** A store in a Redis that gives the same reply to everything. */
const makeOn = (reply: Effect.Effect<unknown, Redis.RedisError>, options: RedisStore.Options = {}) =>
  RedisStore.make(options).pipe(
    Effect.provideService(Redis.Redis, { send: () => reply as never, run: () => reply as never }),
    Effect.provide(layerDigest)
  )

/** The error of every operation. */
const errorsOn = (reply: Effect.Effect<unknown, Redis.RedisError>) =>
  Effect.gen(function* () {
    const store = yield* makeOn(reply, { timeout: "2 seconds" })
    const operations: ReadonlyArray<Effect.Effect<unknown, CacheStoreError>> = [
      store.get(key),
      store.set(key, entry, { expiresAt: 60_000, tags: [] }),
      store.remove(key),
      store.removeTag("t"),
      store.clear,
      store.statistics
    ]
    return yield* Effect.forEach(operations, Effect.flip, { concurrency: "unbounded" })
  })

const names = ["get", "set", "remove", "remove a tag", "clear", "count"]

describe("a store of the cache in Redis", () => {
  it.effect("names the operation that Redis could not run", () =>
    Effect.gen(function* () {
      const errors = yield* errorsOn(Effect.fail(Redis.fromCause("any", new Error("LOADING secret"))))
      assert.deepStrictEqual(
        errors.map(({ operation }) => operation),
        names
      )
      assert.deepStrictEqual(
        errors.map(({ message }) => message),
        names.map((name) => `The cache's store (redis) could not ${name}: LOADING`)
      )
      assert.deepStrictEqual(new Set(errors.map(({ store }) => store)), new Set(["redis"]))
    })
  )

  it.effect("names the operation to which Redis does not reply in time", () =>
    Effect.gen(function* () {
      const fiber = yield* Effect.forkChild(errorsOn(Effect.never))
      yield* TestClock.adjust("2 seconds")
      assert.deepStrictEqual(
        (yield* Fiber.join(fiber)).map(({ message }) => message),
        names.map((name) => `The cache's store (redis) could not ${name}: no reply within 2s`)
      )
    })
  )

  it.effect("has its own name", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* makeOn(Effect.never)).name, "redis")
    })
  )

  for (const reply of [null, undefined, 5, "", "no bar"]) {
    it.effect(`finds no entry in the reply ${JSON.stringify(reply)}`, () =>
      Effect.gen(function* () {
        const store = yield* makeOn(Effect.succeed(reply))
        assert.deepStrictEqual(yield* store.get(key), Option.none())
      })
    )
  }

  it.effect("names every option that cannot be used", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(
        makeOn(Effect.never, { keyPrefix: "", timeout: 0, maxEntryBytes: 0, maxEntriesPerTag: 0 })
      )
      assert.deepStrictEqual(
        error.issues.map(({ name }) => name),
        ["keyPrefix", "timeout", "maxEntryBytes", "maxEntriesPerTag"].map((name) => `CacheStore ${name}`)
      )
    })
  )
})
