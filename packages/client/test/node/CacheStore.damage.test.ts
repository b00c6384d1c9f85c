import { readdirSync, renameSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as CacheEnvelope from "@kimi-effect/core/internal/CacheEnvelope"
import { assertEntry, bytesOf, keep, keyOf } from "@kimi-effect/testing/internal/CacheEntries"
import { Duration, Effect, Logger, Option, Random } from "effect"
import * as Redis from "@kimi-effect/core/Redis"
import * as CacheStore from "../../src/node/CacheStore.ts"
import { connect, reachable, uniquePrefix } from "./support/redis.ts"
import { fill, flip, readAll, withoutDefect } from "./support/cache/damage.ts"
import { databaseFile, folder } from "./support/files.ts"

const entries = 30
const rounds = 200

const quiet = Effect.provide(Logger.layer([]))

const filesOf = (root: string): ReadonlyArray<string> =>
  readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted()

describe("damage on disk", () => {
  it.effect(
    "to a SQLite file between two runs causes neither a wrong entry nor a defect",
    () =>
      Effect.gen(function* () {
        const envelope = yield* CacheEnvelope.make()
        const path = yield* databaseFile
        let right = 0
        for (let round = 0; round < rounds; round++) {
          yield* Effect.scoped(
            Effect.gen(function* () {
              const store = yield* CacheStore.makeSqlite({ path })
              yield* fill(store, envelope, entries)
              assert.strictEqual(yield* readAll(store, envelope, entries), entries)
            })
          )
          yield* flip(path)
          yield* Effect.scoped(
            Effect.gen(function* () {
              // The store opens regardless of the damage.
              const store = yield* CacheStore.makeSqlite({ path })
              right += yield* readAll(store, envelope, entries)
              yield* withoutDefect(store.removeTag("tag 0"))
              yield* withoutDefect(store.statistics)
              yield* withoutDefect(store.clear)
            })
          )
        }
        assert.isTrue(right > 0 && right < rounds * entries, `${right} of ${rounds * entries}`)
      }).pipe(quiet, Random.withSeed("damage between runs")),
    120_000
  )

  it.effect(
    "to a SQLite file in use causes neither a wrong entry nor a defect",
    () =>
      Effect.gen(function* () {
        const envelope = yield* CacheEnvelope.make()
        let right = 0
        for (let round = 0; round < rounds; round++) {
          const path = yield* databaseFile
          yield* Effect.scoped(
            Effect.gen(function* () {
              const store = yield* CacheStore.makeSqlite({ path })
              yield* fill(store, envelope, entries)
              for (const part of ["", "-wal", "-shm"]) if (yield* Random.nextBoolean) yield* flip(`${path}${part}`, 60)
              right += yield* readAll(store, envelope, entries)
              for (let i = 0; i < 5; i++) yield* withoutDefect(keep(store, keyOf(`new ${i}`), bytesOf(5_000), "tag 1"))
              yield* withoutDefect(store.removeTag("tag 1"))
              const other = yield* Effect.option(CacheStore.makeSqlite({ path }))
              if (Option.isSome(other)) yield* readAll(other.value, envelope, entries)
              yield* readAll(store, envelope, entries)
            })
          )
        }
        assert.isTrue(right > 0 && right < rounds * entries, `${right} of ${rounds * entries}`)
      }).pipe(quiet, Effect.scoped, Random.withSeed("damage in use")),
    120_000
  )

  it.effect("to files of entries causes neither a wrong entry nor a defect", () =>
    Effect.gen(function* () {
      const envelope = yield* CacheEnvelope.make()
      const path = yield* folder
      const store = yield* CacheStore.makeFile({ path })
      let right = 0
      for (let round = 0; round < 50; round++) {
        yield* fill(store, envelope, entries)
        for (const each of filesOf(path)) if (yield* Random.nextBoolean) yield* flip(each, 3)
        right += yield* readAll(store, envelope, entries)
        assert.isTrue(Option.isSome(yield* withoutDefect(store.removeTag("tag 0"))))
      }
      assert.isTrue(right > 0 && right < 50 * entries, `${right} of ${50 * entries}`)
    }).pipe(Random.withSeed("damage to files"))
  )

  it.effect("that swaps the files of two entries is detected", () =>
    Effect.gen(function* () {
      const path = yield* folder
      const store = yield* CacheStore.makeFile({ path })
      yield* keep(store, keyOf(1), bytesOf(10, 1))
      yield* keep(store, keyOf(2), bytesOf(10, 2))
      const [one = "", other = ""] = filesOf(path)
      renameSync(one, other)
      for (const i of [1, 2]) assert.deepStrictEqual(yield* store.get(keyOf(i)), Option.none())
      assert.deepStrictEqual(filesOf(path), [])
      yield* keep(store, keyOf(1), bytesOf(10, 1))
      assertEntry(yield* store.get(keyOf(1)), bytesOf(10, 1))
    })
  )
})

describe.skipIf(!reachable)("damage in Redis", () => {
  it.live("causes neither a wrong entry nor a defect", () =>
    Effect.gen(function* () {
      const envelope = yield* CacheEnvelope.make()
      const prefix = uniquePrefix()
      const redis = yield* connect()
      const made = CacheStore.makeRedis({ keyPrefix: prefix, timeout: Duration.seconds(10), maxEntryBytes: 10_000 })
      const store = yield* Effect.provideService(made, Redis.Redis, redis)
      yield* Effect.addFinalizer(() => Effect.ignore(store.clear))
      const nameOf = (i: number) => `{${prefix}}entry:${keyOf(i)}`
      let right = 0
      for (let round = 0; round < rounds; round++) {
        yield* fill(store, envelope, entries)
        for (let i = 0; i < entries; i++) {
          const kind = yield* Random.nextIntBetween(0, 4)
          const at = `${yield* Random.nextIntBetween(0, 900)}`
          if (kind === 0) yield* redis.send("SETRANGE", nameOf(i), at, "é\n|x")
          if (kind === 1) yield* redis.send("COPY", nameOf(i), nameOf((i + 1) % entries), "REPLACE")
          if (kind === 2 && round % 10 === 0) yield* redis.send("SETRANGE", nameOf(i), "1000000", "x")
          if (kind === 3 && round % 10 === 0) {
            yield* redis.send("DEL", nameOf(i))
            yield* redis.send("HSET", nameOf(i), "a", "b")
          }
        }
        right += yield* readAll(store, envelope, entries)
        yield* withoutDefect(store.removeTag("tag 0"))
        yield* withoutDefect(store.statistics)
        assert.isTrue(Option.isSome(yield* withoutDefect(store.clear)))
      }
      assert.isTrue(right > 0 && right < rounds * entries, `${right} of ${rounds * entries}`)
    }).pipe(Random.withSeed("damage in Redis"))
  )
})
