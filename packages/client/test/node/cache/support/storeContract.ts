/** What every store of the cache does, whatever it keeps entries in. */
import { createHash } from "node:crypto"
import { assert, describe, it } from "@effect/vitest"
import type { CacheStore } from "@kimi-effect/core/CacheStore"
import { Effect, Exit, Fiber, Option, Random, Schedule } from "effect"
import type * as Scope from "effect/Scope"
import { TestClock } from "effect/testing"

export type Store = CacheStore["Service"]

export interface Subject {
  readonly name: string
  /** A place that no other test uses: a path, or a prefix. */
  readonly place: Effect.Effect<string, unknown, Scope.Scope>
  /** A store at a place, as a process has it. Stores at one place share what they keep. */
  readonly open: (place: string) => Effect.Effect<Store, unknown, Scope.Scope>
  /** Whose clock says when an entry has expired. */
  readonly clock: "Effect" | "Server"
  readonly isSkipped?: boolean
}

/** A key such as the cache makes them. */
export const keyOf = (name: string | number): string => createHash("sha256").update(`${name}`).digest("hex")

/** Bytes that look like nothing, and are the same for the same seed. */
export const bytesOf = (size: number, seed = 1): Uint8Array => {
  const bytes = new Uint8Array(size)
  let state = seed >>> 0 || 1
  for (let i = 0; i < size; i++) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    bytes[i] = state
  }
  return bytes
}

const hour = 3_600_000

/** Waits for a condition that something other than this fiber makes true. */
export const until = <E, R>(condition: Effect.Effect<boolean, E, R>) =>
  Effect.repeat(condition, { until: (isTrue) => isTrue, schedule: Schedule.spaced("5 millis") }).pipe(
    Effect.timeoutOrElse({ duration: "15 seconds", orElse: () => Effect.sync(() => assert.fail("it never came true")) })
  )

export const assertEntry = (found: Option.Option<Uint8Array>, expected: Uint8Array): void => {
  assert.isTrue(Option.isSome(found), "there is no entry")
  assert.isTrue(
    Buffer.from(Option.getOrElse(found, () => new Uint8Array())).equals(Buffer.from(expected)),
    "the entry is another"
  )
}

/** How long an entry is kept from now on. */
export const keptFor = (millis: number, ...tags: ReadonlyArray<string>) =>
  Effect.map(
    Effect.clockWith((clock) => clock.currentTimeMillis),
    (now) => ({ expiresAt: now + millis, tags })
  )

export const keep = (store: Store, key: string, entry: Uint8Array, ...tags: ReadonlyArray<string>) =>
  Effect.flatMap(keptFor(hour, ...tags), (keeping) => store.set(key, entry, keeping))

export const storeContract = ({ clock, isSkipped = false, name, open, place }: Subject): void => {
  const fresh = Effect.flatMap(place, open)
  const onClock = clock === "Effect" ? it.effect : it.live

  describe.skipIf(isSkipped)(`the ${name} store`, () => {
    onClock("gives back what was set, from nothing to five megabytes", () =>
      Effect.gen(function* () {
        const store = yield* fresh
        assert.strictEqual(store.name, name)
        const sizes = [0, 1, 2, 3, 2_047, 2_048, 4_096, 65_537, 1_048_576, 5_242_880]
        for (const size of sizes) yield* keep(store, keyOf(size), bytesOf(size, size + 1))
        for (const size of sizes) assertEntry(yield* store.get(keyOf(size)), bytesOf(size, size + 1))
        assert.deepStrictEqual(yield* store.get(keyOf("never set")), Option.none())
      })
    )

    onClock("keeps the bytes as they were when they were set", () =>
      Effect.gen(function* () {
        const store = yield* fresh
        const memory = bytesOf(1_000)
        const view = memory.subarray(100, 200)
        yield* keep(store, keyOf("view"), view)
        memory.fill(0)
        assertEntry(yield* store.get(keyOf("view")), bytesOf(1_000).subarray(100, 200))
      })
    )

    onClock("keeps the latest entry of a key, and its tags only", () =>
      Effect.gen(function* () {
        const store = yield* fresh
        yield* keep(store, keyOf(1), bytesOf(9_000, 1), "old", "both")
        yield* keep(store, keyOf(1), bytesOf(30, 2), "both", "new")
        assertEntry(yield* store.get(keyOf(1)), bytesOf(30, 2))
        yield* store.removeTag("old")
        assertEntry(yield* store.get(keyOf(1)), bytesOf(30, 2))
        yield* store.removeTag("new")
        assert.deepStrictEqual(yield* store.get(keyOf(1)), Option.none())
        yield* keep(store, keyOf(1), bytesOf(30, 3))
        yield* store.removeTag("both")
        assertEntry(yield* store.get(keyOf(1)), bytesOf(30, 3))
      })
    )

    onClock("removes one entry, there or not", () =>
      Effect.gen(function* () {
        const store = yield* fresh
        for (const i of [1, 2]) yield* keep(store, keyOf(i), bytesOf(10, i))
        yield* store.remove(keyOf(1))
        yield* store.remove(keyOf(1))
        assert.deepStrictEqual(yield* store.get(keyOf(1)), Option.none())
        assertEntry(yield* store.get(keyOf(2)), bytesOf(10, 2))
      })
    )

    onClock("removes all entries of a tag, and no others", () =>
      Effect.gen(function* () {
        const store = yield* fresh
        const keys = Array.from({ length: 600 }, (_, i) => keyOf(i))
        const tags = ["tenant:a", "tenant:a*", "with 'quotes', | and \u0000 ✓", "x".repeat(10_000)]
        yield* Effect.forEach(
          keys,
          (key, i) => keep(store, key, bytesOf(10, i + 1), tags[i % 2 === 0 ? 0 : (i % 3) + 1] ?? "", `m`),
          {
            concurrency: 8
          }
        )
        yield* store.removeTag("tenant:a")
        const found = yield* Effect.forEach(keys, store.get, { concurrency: 8 })
        assert.isTrue(found.every((entry, i) => Option.isSome(entry) === (i % 2 === 1)))
        for (const tag of tags) yield* store.removeTag(tag)
        yield* store.removeTag("never used")
        assert.strictEqual((yield* store.statistics).entries, 0)
      })
    )

    onClock("removes everything, and nothing of another place", () =>
      Effect.gen(function* () {
        const store = yield* fresh
        const other = yield* fresh
        yield* keep(other, keyOf(1), bytesOf(10))
        yield* Effect.forEach(
          Array.from({ length: 600 }, (_, i) => i),
          (i) => keep(store, keyOf(i), bytesOf(10), "t"),
          {
            concurrency: 8
          }
        )
        yield* store.clear
        assert.strictEqual((yield* store.statistics).entries, 0)
        assert.deepStrictEqual(yield* store.get(keyOf(1)), Option.none())
        assertEntry(yield* other.get(keyOf(1)), bytesOf(10))
        yield* keep(store, keyOf(1), bytesOf(11), "t")
        assertEntry(yield* store.get(keyOf(1)), bytesOf(11))
      })
    )

    onClock("counts entries and what they take up", () =>
      Effect.gen(function* () {
        const store = yield* fresh
        assert.deepStrictEqual(yield* store.statistics, { entries: 0, bytes: 0 })
        for (let i = 0; i < 300; i++) yield* keep(store, keyOf(i), bytesOf(1_000, i + 1))
        for (let i = 0; i < 100; i++) yield* keep(store, keyOf(i), bytesOf(500, i + 1))
        yield* store.remove(keyOf(0))
        const { bytes, entries } = yield* store.statistics
        assert.strictEqual(entries, 299)
        const kept = 200 * 1_000 + 99 * 500
        assert.isTrue(bytes >= kept && bytes < kept * 1.5, `${bytes} bytes for ${kept}`)
      })
    )

    const expiresOnTime = () =>
      Effect.gen(function* () {
        const store = yield* fresh
        yield* store.set(keyOf(1), bytesOf(10), yield* keptFor(1_000))
        yield* store.set(keyOf(2), bytesOf(10), { expiresAt: Number.POSITIVE_INFINITY, tags: [] })
        yield* TestClock.adjust(999)
        assertEntry(yield* store.get(keyOf(1)), bytesOf(10))
        assert.strictEqual((yield* store.statistics).entries, 2)
        yield* TestClock.adjust(1)
        assert.deepStrictEqual(yield* store.get(keyOf(1)), Option.none())
        assert.strictEqual((yield* store.statistics).entries, 1)
        yield* TestClock.adjust("1 day")
        assertEntry(yield* store.get(keyOf(2)), bytesOf(10))
      })

    const expiresInTime = () =>
      Effect.gen(function* () {
        const store = yield* fresh
        yield* store.set(keyOf(1), bytesOf(10), yield* keptFor(50, "t"))
        yield* store.set(keyOf(2), bytesOf(10), { expiresAt: Number.POSITIVE_INFINITY, tags: ["t"] })
        yield* until(Effect.map(store.get(keyOf(1)), Option.isNone))
        assert.strictEqual((yield* store.statistics).entries, 1)
        assertEntry(yield* store.get(keyOf(2)), bytesOf(10))
      })

    if (clock === "Effect") it.effect("lets an entry go at its time, and not before", expiresOnTime)
    else it.live("lets an entry go after its time", expiresInTime)

    onClock("does not keep an entry whose time is over, nor the one before it", () =>
      Effect.gen(function* () {
        const store = yield* fresh
        yield* keep(store, keyOf(1), bytesOf(10))
        yield* store.set(keyOf(1), bytesOf(11), yield* keptFor(0))
        assert.deepStrictEqual(yield* store.get(keyOf(1)), Option.none())
      })
    )

    onClock("refuses what is no key, and says nothing of it", () =>
      Effect.gen(function* () {
        const store = yield* fresh
        const wrong = [
          "",
          "abc",
          "../../../../etc/passwd",
          keyOf(1).toUpperCase(),
          `${keyOf(1)}\0`,
          `${keyOf(1)}*`,
          "f".repeat(129),
          "g".repeat(64)
        ]
        for (const key of wrong) {
          const errors = [
            yield* Effect.flip(store.get(key)),
            yield* Effect.flip(keep(store, key, bytesOf(1))),
            yield* Effect.flip(store.remove(key))
          ]
          for (const error of errors) {
            assert.deepInclude({ ...error }, { _tag: "CacheStoreError", store: name })
            assert.isTrue(key.length === 0 || !error.message.includes(key), error.message)
          }
        }
      })
    )

    onClock("refuses what it could not keep", () =>
      Effect.gen(function* () {
        const store = yield* fresh
        const tags = Array.from({ length: 65 }, (_, i) => `secret ${i}`)
        const refused = [
          yield* Effect.flip(keep(store, keyOf(1), bytesOf(1), ...tags)),
          yield* Effect.flip(store.set(keyOf(1), bytesOf(1), { expiresAt: Number.NaN, tags: [] })),
          yield* Effect.flip(keep(store, keyOf(1), new Uint8Array(300_000_000)))
        ]
        for (const error of refused) {
          assert.deepInclude({ ...error }, { _tag: "CacheStoreError", operation: "set" })
          assert.notInclude(error.message, "secret")
        }
        yield* keep(store, keyOf(1), bytesOf(1), ...tags.slice(1), "secret 1")
        yield* store.removeTag("secret 64")
        assert.strictEqual((yield* store.statistics).entries, 0)
      })
    )

    onClock("lets many write at once, and every entry is one that was written", () =>
      Effect.gen(function* () {
        const where = yield* place
        const stores = [yield* open(where), yield* open(where)]
        const writes = Array.from({ length: 400 }, (_, i) => i)
        const write = (i: number) =>
          Effect.forEach(stores, (store) => keep(store, keyOf(i % 20), bytesOf(3_000 + (i % 7), i + 1), `t${i % 3}`))
        yield* Effect.forEach(writes, write, { concurrency: 32, discard: true })
        for (const store of stores) {
          for (let key = 0; key < 20; key++) {
            const found = Option.getOrThrow(yield* store.get(keyOf(key)))
            const candidates = writes.filter((i) => i % 20 === key).map((i) => bytesOf(3_000 + (i % 7), i + 1))
            assert.isTrue(candidates.some((entry) => Buffer.from(entry).equals(found)))
          }
        }
        assert.strictEqual((yield* (stores[0] ?? assert.fail()).statistics).entries, 20)
      })
    )

    onClock("survives interrupts at any moment, with entries that are whole", () =>
      Effect.gen(function* () {
        const store = yield* fresh
        for (let i = 0; i < 150; i++) {
          const work = Effect.all(
            [
              keep(store, keyOf(0), bytesOf(20_000, i + 1), "t"),
              store.get(keyOf(0)),
              store.removeTag("t"),
              keep(store, keyOf(0), bytesOf(20_000, i + 1_001), "t")
            ],
            { concurrency: i % 2 === 0 ? 1 : 4 }
          )
          const fiber = yield* Effect.forkChild(work)
          const turns = yield* Random.nextIntBetween(0, 40)
          for (let turn = 0; turn < turns; turn++) yield* Effect.promise(() => new Promise(setImmediate))
          yield* Fiber.interrupt(fiber)
          const exit = yield* Fiber.await(fiber)
          if (Exit.isFailure(exit))
            assert.isFalse(
              exit.cause.reasons.some(({ _tag }) => _tag !== "Interrupt"),
              `${exit.cause}`
            )
          const found = yield* store.get(keyOf(0))
          if (Option.isSome(found)) assert.strictEqual(found.value.length, 20_000)
        }
        yield* keep(store, keyOf(0), bytesOf(10))
        // What was interrupted may be done later by a server, but in its order.
        assertEntry(yield* store.get(keyOf(0)), bytesOf(10))
      }).pipe(Random.withSeed(`interrupts of ${name}`))
    )

    onClock("finds its entries and tags again after a restart", () =>
      Effect.gen(function* () {
        const where = yield* place
        yield* Effect.scoped(
          Effect.gen(function* () {
            const store = yield* open(where)
            for (let i = 0; i < 20; i++)
              yield* keep(store, keyOf(i), bytesOf(3_000, i + 1), i % 2 === 0 ? "even" : "odd")
          })
        )
        const store = yield* open(where)
        for (let i = 0; i < 20; i++) assertEntry(yield* store.get(keyOf(i)), bytesOf(3_000, i + 1))
        yield* store.removeTag("even")
        assert.strictEqual((yield* store.statistics).entries, 10)
      })
    )
  })
}
