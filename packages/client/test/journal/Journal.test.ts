import { assert, describe, it } from "@effect/vitest"
import { Journal, layerMemory } from "@kimi-effect/client/journal/Journal"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import * as MemoryStore from "../../src/journal/internal/MemoryStore.ts"
import * as OnStore from "../../src/journal/internal/OnStore.ts"
import type { Store } from "../../src/journal/internal/Store.ts"

const header = { kind: "test", digest: "1" }
const options = { key: "a/0/tool/0", digest: "d", codec: Schema.Number, tool: "pay", callId: "c1" }
const twice = { ...options, isIdempotent: true }

const onRun = Effect.gen(function* () {
  return yield* (yield* Journal).run("r", header)
})

const interruptInCall = (isIdempotent: boolean) =>
  Effect.scoped(
    Effect.gen(function* () {
      const lease = yield* onRun
      const started = yield* Deferred.make<void>()
      const effect = Effect.andThen(Deferred.succeed(started, undefined), Effect.never)
      const fiber = yield* Effect.forkChild(lease.call({ ...options, isIdempotent }, effect))
      yield* Deferred.await(started)
      yield* Fiber.interrupt(fiber)
    })
  )

describe("Journal", () => {
  it.layer(layerMemory())("replay", (it) => {
    it.effect("returns a recorded result without running the call", () =>
      Effect.gen(function* () {
        let runs = 0
        const call = Effect.scoped(
          Effect.flatMap(onRun, (lease) =>
            lease.call(
              options,
              Effect.sync(() => (runs += 1))
            )
          )
        )
        assert.deepStrictEqual([yield* call, yield* call, runs], [1, 1, 1])
      })
    )
    it.effect("refuses another request under a recorded key", () =>
      Effect.gen(function* () {
        const lease = yield* onRun
        const error = yield* Effect.flip(lease.call({ ...options, digest: "other" }, Effect.succeed(2)))
        assert.strictEqual(error._tag, "JournalMismatchError")
      })
    )
    it.effect("refuses a run with another header", () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip((yield* Journal).run("r", { kind: "test", digest: "2" }))
        assert.strictEqual(error._tag, "JournalMismatchError")
      })
    )
  })

  it.effect("does not run a call again whose result is unknown", () =>
    Effect.gen(function* () {
      yield* interruptInCall(false)
      const lease = yield* onRun
      let runs = 0
      const error = yield* Effect.flip(
        lease.call(
          options,
          Effect.sync(() => (runs += 1))
        )
      )
      assert.deepStrictEqual([error._tag, runs], ["UncertainToolResultError", 0])
    }).pipe(Effect.provide(layerMemory()))
  )
  it.effect("runs an idempotent call again whose result is unknown", () =>
    Effect.gen(function* () {
      yield* interruptInCall(true)
      assert.strictEqual(yield* (yield* onRun).call(twice, Effect.succeed(3)), 3)
    }).pipe(Effect.provide(layerMemory()))
  )
  it.effect("returns the result with which an uncertain call was resolved", () =>
    Effect.gen(function* () {
      yield* interruptInCall(false)
      const lease = yield* onRun
      yield* lease.resolve(options, { _tag: "Result", result: 5 })
      assert.strictEqual(yield* lease.call(options, Effect.succeed(6)), 5)
    }).pipe(Effect.provide(layerMemory()))
  )
  it.effect("runs an uncertain call again when this is allowed", () =>
    Effect.gen(function* () {
      yield* interruptInCall(false)
      const lease = yield* onRun
      yield* lease.resolve(options, { _tag: "RunAgain" })
      assert.strictEqual(yield* lease.call(options, Effect.succeed(6)), 6)
    }).pipe(Effect.provide(layerMemory()))
  )
  it.effect("refuses a second worker on a whole run while the first renews its lease", () =>
    Effect.gen(function* () {
      yield* onRun
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* Effect.flip(onRun))._tag, "BatchJobLockedError")
    }).pipe(Effect.provide(layerMemory()))
  )
  it.effect("refuses calls of a lease that was released", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const old = yield* Scope.provide(onRun, scope)
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual((yield* Effect.flip(old.call(options, Effect.succeed(1))))._tag, "LeaseLostError")
    }).pipe(Effect.provide(layerMemory()))
  )
  it.effect("makes no call of a worker that was frozen while another one took its lease", () =>
    Effect.gen(function* () {
      const memory = yield* MemoryStore.make
      let isFrozen = false
      const store: Store = {
        ...memory,
        append: (batch) => Effect.delay(Effect.succeed(batch.map(() => true)), "3 seconds"),
        renew: (...renewal) => (isFrozen ? Effect.never : memory.renew(...renewal))
      }
      const frozen = yield* (yield* OnStore.make(store, {})).join("r", header)
      const other = yield* (yield* OnStore.make(memory, {})).join("r", header)
      yield* frozen.add(["a"])
      const [lease] = yield* frozen.claim({ limit: 1 })
      assert.isDefined(lease)
      isFrozen = true
      let runs = 0
      const pay = Effect.sync(() => (runs += 1))
      const called = yield* Effect.forkChild(Effect.flip(lease.call(options, pay)))
      yield* TestClock.adjust("2500 millis")
      assert.lengthOf(yield* other.claim({ limit: 1 }), 1)
      isFrozen = false
      yield* TestClock.adjust("500 millis")
      assert.strictEqual((yield* Fiber.join(called))._tag, "LeaseLostError")
      assert.strictEqual(runs, 0)
    })
  )
  it.effect("leases each resource to one worker", () =>
    Effect.gen(function* () {
      const worker = yield* (yield* Journal).join("r", header)
      yield* worker.add(["a", "b", "c"])
      const first = yield* worker.claim({ limit: 2 })
      const second = yield* worker.claim({ limit: 2 })
      assert.deepStrictEqual(
        [...first, ...second].map(({ resource }) => resource),
        ["a", "b", "c"]
      )
    }).pipe(Effect.provide(layerMemory()))
  )
  it.effect("leases no resource that is done", () =>
    Effect.gen(function* () {
      const worker = yield* (yield* Journal).join("r", header)
      yield* worker.add(["a"])
      for (const lease of yield* worker.claim({ limit: 1 })) yield* lease.complete
      assert.strictEqual((yield* worker.claim({ limit: 1 })).length, 0)
    }).pipe(Effect.provide(layerMemory()))
  )
  it.effect("shows a cancelled run in its status", () =>
    Effect.gen(function* () {
      const journal = yield* Journal
      yield* journal.join("r", header)
      yield* journal.cancel("r")
      assert.strictEqual((yield* journal.status("r"))?.isCancelled, true)
    }).pipe(Effect.provide(layerMemory()))
  )
  describe("a complete run", () => {
    const complete = Effect.scoped(
      Effect.gen(function* () {
        const lease = yield* onRun
        yield* lease.call(options, Effect.succeed(1))
        yield* lease.complete
      })
    )
    it.effect("returns its results without running calls", () =>
      Effect.gen(function* () {
        yield* complete
        const lease = yield* onRun
        assert.strictEqual(yield* lease.call(options, Effect.die("the call was made")), 1)
      }).pipe(Effect.provide(layerMemory()))
    )
    it.effect("is replayed by several processes at once", () =>
      Effect.gen(function* () {
        yield* complete
        const leases = [yield* onRun, yield* onRun]
        const results = yield* Effect.forEach(leases, (lease) => lease.call(options, Effect.die("the call was made")))
        assert.deepStrictEqual(results, [1, 1])
      }).pipe(Effect.provide(layerMemory()))
    )
    it.effect("refuses a call that it does not contain", () =>
      Effect.gen(function* () {
        yield* complete
        const lease = yield* onRun
        const error = yield* Effect.flip(lease.call({ ...options, key: "other" }, Effect.die("the call was made")))
        assert.strictEqual(error._tag, "JournalMismatchError")
      }).pipe(Effect.provide(layerMemory()))
    )
    it.effect("stays complete after a replay", () =>
      Effect.gen(function* () {
        yield* complete
        yield* Effect.scoped(Effect.flatMap(onRun, ({ release }) => release))
        const status = yield* (yield* Journal).status("r")
        assert.deepStrictEqual(
          status?.resources.map(({ state }) => state),
          ["Completed"]
        )
      }).pipe(Effect.provide(layerMemory()))
    )
  })

  describe("concurrent calls with one key", () => {
    it.effect("are made once", () =>
      Effect.gen(function* () {
        const lease = yield* onRun
        let runs = 0
        const effect = Effect.andThen(
          Effect.yieldNow,
          Effect.sync(() => (runs += 1))
        )
        const results = yield* Effect.all([lease.call(twice, effect), lease.call(twice, effect)], {
          concurrency: "unbounded"
        })
        assert.deepStrictEqual([results, runs], [[1, 1], 1])
      }).pipe(Effect.provide(layerMemory()))
    )
    it.effect("continue with the second when the first is interrupted", () =>
      Effect.gen(function* () {
        const lease = yield* onRun
        const started = yield* Deferred.make<void>()
        const first = yield* Effect.forkChild(
          lease.call(twice, Effect.andThen(Deferred.succeed(started, undefined), Effect.never))
        )
        yield* Deferred.await(started)
        const second = yield* Effect.forkChild(lease.call(twice, Effect.succeed(2)))
        yield* Fiber.interrupt(first)
        assert.strictEqual(yield* Fiber.join(second), 2)
      }).pipe(Effect.provide(layerMemory()))
    )
    it.effect("do not wait for a call with another key", () =>
      Effect.gen(function* () {
        const lease = yield* onRun
        yield* Effect.forkChild(lease.call(twice, Effect.never))
        assert.strictEqual(yield* lease.call({ ...twice, key: "other" }, Effect.succeed(2)), 2)
      }).pipe(Effect.provide(layerMemory()))
    )
  })
})
