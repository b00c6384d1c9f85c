import { assert, describe, it } from "@effect/vitest"
import { assertEntry, bytesOf, keep, keptFor, keyOf, type Store } from "@kimi-effect/testing/internal/CacheEntries"
import { Duration, Effect, Fiber, Option } from "effect"
import * as Redis from "@kimi-effect/core/Redis"
import * as CacheStore from "../../src/node/CacheStore.ts"
import { connect, hasServer, privateRedis, reachable, uniquePrefix } from "./support/redis.ts"
import { withoutDefect } from "./support/cache/damage.ts"
import { until } from "./support/files.ts"

const patient = Duration.seconds(10)

const storeOn = (redis: Redis.Redis["Service"], options: CacheStore.RedisOptions) =>
  Effect.provideService(CacheStore.makeRedis(options), Redis.Redis, redis)

/** As many tags as an entry may have. */
const mostTags = Array.from({ length: 64 }, (_, i) => `tag ${i}`)

/** A store under a separate prefix, and a connection to inspect it. */
const fresh = (options: CacheStore.RedisOptions = {}) =>
  Effect.gen(function* () {
    const redis = yield* connect()
    const prefix = uniquePrefix()
    const store = yield* storeOn(redis, { keyPrefix: prefix, timeout: patient, ...options })
    yield* Effect.addFinalizer(() => Effect.ignore(store.clear))
    return { redis, prefix, store }
  })

describe.skipIf(!reachable)("CacheStore.layerRedis", () => {
  it.live("keeps all keys under its prefix, with an end", () =>
    Effect.gen(function* () {
      const { prefix, redis, store } = yield* fresh()
      yield* keep(store, keyOf(1), bytesOf(10), "secret tag")
      yield* store.set(keyOf(2), bytesOf(10), { expiresAt: Number.POSITIVE_INFINITY, tags: ["secret tag"] })
      yield* store.set(keyOf(2), bytesOf(10), yield* keptFor(1_000_000, "other"))
      const keys = yield* redis.send<ReadonlyArray<string>>("KEYS", `*${prefix}*`)
      assert.strictEqual(keys.length, 5)
      for (const key of keys) {
        assert.isTrue(key.startsWith(`{${prefix}}`), key)
        assert.notInclude(key, "secret")
        assert.isAbove(yield* redis.send<number>("PTTL", key), 0)
      }
    })
  )

  it.live("leaves only expiring lists when all entries are removed or expired", () =>
    Effect.gen(function* () {
      const { prefix, redis, store } = yield* fresh()
      const keys = () => redis.send<ReadonlyArray<string>>("KEYS", `*${prefix}*`)
      for (let i = 0; i < 10; i++) yield* store.set(keyOf(i), bytesOf(10), yield* keptFor(40, "t"))
      yield* until(Effect.map(keys(), ({ length }) => length === 0))
      for (let i = 0; i < 10; i++) yield* keep(store, keyOf(i), bytesOf(10), "t")
      yield* store.removeTag("t")
      assert.deepStrictEqual(yield* keys(), [])
    })
  )

  it.live("removes a tag's entries that expire first when it has too many", () =>
    Effect.gen(function* () {
      const { prefix, redis, store } = yield* fresh({ maxEntriesPerTag: 10 })
      for (let i = 0; i < 15; i++)
        yield* store.set(keyOf(i), bytesOf(10, i + 1), yield* keptFor(1_000_000 + i * 10_000, "t"))
      for (let i = 0; i < 15; i++) assert.strictEqual(Option.isSome(yield* store.get(keyOf(i))), i >= 5, `${i}`)
      assert.strictEqual((yield* store.statistics).entries, 10)
      const sizes = yield* Effect.forEach(yield* redis.send<ReadonlyArray<string>>("KEYS", `{${prefix}}tag:*`), (key) =>
        redis.send<number>("ZCARD", key)
      )
      assert.deepStrictEqual(sizes, [10])
    })
  )

  it.live("does not read an entry that is larger than any it would keep", () =>
    Effect.gen(function* () {
      const { prefix, redis, store } = yield* fresh({ maxEntryBytes: 1_000 })
      yield* keep(store, keyOf(1), bytesOf(1_000))
      assertEntry(yield* store.get(keyOf(1)), bytesOf(1_000))
      yield* redis.send("SET", `{${prefix}}entry:${keyOf(1)}`, `|${"A".repeat(20_000_000)}`, "PX", "60000")
      assert.deepStrictEqual(yield* store.get(keyOf(1)), Option.none())
      assert.strictEqual((yield* Effect.flip(keep(store, keyOf(2), bytesOf(1_001))))._tag, "CacheStoreError")
    })
  )

  it.live("returns the largest entry with the most tags", () =>
    Effect.gen(function* () {
      const { store } = yield* fresh({ maxEntryBytes: 999 })
      yield* keep(store, keyOf(1), bytesOf(999), ...mostTags)
      assertEntry(yield* store.get(keyOf(1)), bytesOf(999))
    })
  )

  it.live("does not return an entry that another process kept with a larger limit", () =>
    Effect.gen(function* () {
      const { prefix, redis, store } = yield* fresh({ maxEntryBytes: 1_000 })
      const smaller = yield* storeOn(redis, { keyPrefix: prefix, timeout: patient, maxEntryBytes: 999 })
      yield* keep(store, keyOf(1), bytesOf(1_000), ...mostTags)
      assertEntry(yield* store.get(keyOf(1)), bytesOf(1_000))
      assert.deepStrictEqual(yield* smaller.get(keyOf(1)), Option.none())
    })
  )

  it.live("counts entries behind many that Redis has lost", () =>
    Effect.gen(function* () {
      const { prefix, redis, store } = yield* fresh()
      // As many as one run of the script visits.
      for (let i = 0; i < 256; i++) yield* store.set(keyOf(i), bytesOf(10), yield* keptFor(60_000))
      yield* store.set(keyOf("last"), bytesOf(10), yield* keptFor(120_000))
      yield* redis.send("DEL", ...Array.from({ length: 256 }, (_, i) => `{${prefix}}entry:${keyOf(i)}`))
      assert.strictEqual((yield* store.statistics).entries, 1)
    })
  )

  it.live("fails on options that cannot be used", () =>
    Effect.gen(function* () {
      const redis = yield* connect()
      const unusable: ReadonlyArray<CacheStore.RedisOptions> = [
        { keyPrefix: "" },
        { keyPrefix: "a{b}" },
        { timeout: "Infinity" },
        { timeout: "1 fortnight" as never },
        { maxEntryBytes: 0 },
        { maxEntryBytes: 2 ** 31 },
        { maxEntriesPerTag: 0 }
      ]
      for (const options of unusable) {
        assert.strictEqual((yield* Effect.flip(storeOn(redis, options)))._tag, "ConfigurationError")
      }
    })
  )
})

/** Every operation of a store. */
const operations = (store: Store) =>
  Effect.gen(function* () {
    const keeping = yield* keptFor(60_000, "t")
    return [
      Effect.asVoid(store.get(keyOf(1))),
      store.set(keyOf(1), bytesOf(10), keeping),
      store.remove(keyOf(1)),
      store.removeTag("t"),
      store.clear,
      Effect.asVoid(store.statistics)
    ]
  })

describe.skipIf(!hasServer)("a Redis that goes away", () => {
  for (const outage of ["kill", "pause"] as const) {
    it.live(
      `fails every operation in time with its own error after ${outage}, until the server is back`,
      () =>
        Effect.gen(function* () {
          const server = yield* privateRedis
          const store = yield* storeOn(yield* connect(server.port), { timeout: Duration.millis(200) })
          yield* Effect.retry(keep(store, keyOf(1), bytesOf(10), "t"), { times: 50 })
          yield* server[outage]
          const all = yield* operations(store)
          const begun = performance.now()
          for (const operation of all) {
            assert.strictEqual((yield* Effect.flip(operation))._tag, "CacheStoreError")
          }
          // Six timeouts of 200 milliseconds, on a machine that may be busy.
          assert.isBelow(performance.now() - begun, 10_000)
          yield* outage === "kill" ? server.restart : server.resume
          yield* until(
            Effect.map(Effect.exit(keep(store, keyOf(2), bytesOf(20), "t")), (exit) => exit._tag === "Success")
          )
          assertEntry(yield* store.get(keyOf(2)), bytesOf(20))
          yield* store.removeTag("t")
          assert.deepStrictEqual(yield* store.get(keyOf(2)), Option.none())
        }),
      60_000
    )
  }

  it.live(
    "during a run causes neither a wrong entry nor a defect",
    () =>
      Effect.gen(function* () {
        const server = yield* privateRedis
        const store = yield* storeOn(yield* connect(server.port), { timeout: Duration.millis(200) })
        let turns = 0
        let found = 0
        const run = { isOver: false }
        const work = Effect.gen(function* () {
          while (!run.isOver) {
            const i = (turns += 1) % 40
            yield* withoutDefect(keep(store, keyOf(i), bytesOf(500 + i, i + 1), `t${i % 3}`))
            const entry = Option.flatten(yield* withoutDefect(store.get(keyOf(i))))
            if (Option.isSome(entry)) {
              assertEntry(entry, bytesOf(500 + i, i + 1))
              found += 1
            }
            if (turns % 50 === 0) yield* withoutDefect(store.removeTag("t0"))
          }
        })
        const workers = yield* Effect.forkChild(Effect.all([work, work, work, work], { concurrency: 4, discard: true }))
        for (let round = 0; round < 2; round++) {
          const before = found
          yield* until(Effect.sync(() => found > before + 200))
          yield* server.kill
          const during = turns
          yield* until(Effect.sync(() => turns > during + 4))
          yield* server.restart
        }
        const before = found
        yield* until(Effect.sync(() => found > before + 200))
        run.isOver = true
        yield* Fiber.join(workers)
      }),
    60_000
  )
})
