import { assert, describe, it } from "@effect/vitest"
import { Clock, Duration, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { EventHub } from "../../../src/internal/EventHub.ts"
import * as BudgetStore from "../../../src/money/BudgetStore.ts"
import type { BudgetEvent } from "../../../src/money/internal/BudgetEvent.ts"
import type { Claim } from "../../../src/money/internal/Ledger.ts"
import * as ReservationManager from "../../../src/money/internal/ReservationManager.ts"
import { type QueueResult, ReservationQueue } from "../../../src/money/internal/ReservationQueue.ts"

const on = (...scopes: ReadonlyArray<string>): ReadonlyArray<Claim> =>
  scopes.map((scope) => ({ scope, cap: 100n, retainUntil: undefined }))

const make = Effect.fnUntraced(function* (
  maxWait: Duration.Input = "5 seconds",
  maxScopes = 10,
  of: (memory: BudgetStore.BudgetStore["Service"]) => BudgetStore.BudgetStore["Service"] = (memory) => memory
) {
  const clock = yield* Clock.Clock
  const store = of(yield* BudgetStore.makeMemory({ maxScopes }))
  const events = new EventHub<BudgetEvent>()
  const manager = yield* ReservationManager.make(
    store,
    { thresholds: [], lease: Duration.minutes(1), timeout: Duration.seconds(1) },
    events
  )
  const queue = new ReservationQueue(manager, clock, Duration.fromInputUnsafe(maxWait))
  /** The result of a call at this moment, or that it waits. */
  const ask = (amount: number, claims = on("a"), canWait = true) =>
    Effect.gen(function* () {
      const fiber = yield* Effect.forkChild(queue.reserve(BigInt(amount), claims, canWait))
      yield* TestClock.adjust(0)
      return fiber
    })
  return { ask, manager, queue }
})

const textOf = (result: QueueResult): string => {
  if ("settle" in result) return "waitedMillis" in result ? "mixed" : "reserved"
  return result._tag === "Refused" ? `refused after ${result.waitedMillis}` : Object.values(result).join()
}

const stateOf = (fiber: Fiber.Fiber<QueueResult, unknown>) =>
  fiber.pollUnsafe() === undefined ? Effect.succeed("waits") : Effect.map(Effect.orDie(Fiber.join(fiber)), textOf)

const statesOf = (...fibers: ReadonlyArray<Fiber.Fiber<QueueResult, unknown>>) => Effect.forEach(fibers, stateOf)

const settle = (fiber: Fiber.Fiber<QueueResult, unknown>, used = 0n) =>
  Effect.gen(function* () {
    const result = yield* Effect.orDie(Fiber.join(fiber))
    if ("settle" in result) yield* result.settle(used)
    yield* TestClock.adjust(0)
  })

describe("ReservationQueue", () => {
  it.effect("serves a call before a later one that would fit at once", () =>
    Effect.gen(function* () {
      const { ask } = yield* make()
      const running = yield* ask(60)
      const large = yield* ask(90)
      const small = yield* ask(10)
      assert.deepStrictEqual(yield* statesOf(running, large, small), ["reserved", "waits", "waits"])
      yield* settle(running)
      assert.deepStrictEqual(yield* statesOf(large, small), ["reserved", "reserved"])
    })
  )

  it.effect("lets a call wait behind one that shares a part of its scopes", () =>
    Effect.gen(function* () {
      const { ask } = yield* make()
      yield* ask(60, on("b"))
      const first = yield* ask(90, on("a", "b"))
      const second = yield* ask(10, on("a", "c"))
      const third = yield* ask(10, on("c"))
      assert.deepStrictEqual(yield* statesOf(first, second, third), ["waits", "waits", "waits"])
    })
  )

  it.effect("lets a call of other scopes pass", () =>
    Effect.gen(function* () {
      const { ask } = yield* make()
      yield* ask(60)
      yield* ask(90)
      assert.deepStrictEqual(yield* statesOf(yield* ask(90, on("b"))), ["reserved"])
    })
  )

  it.effect("keeps the order while the first call still does not fit", () =>
    Effect.gen(function* () {
      const { ask } = yield* make()
      const [large, small] = [yield* ask(50), yield* ask(40)]
      const [first, second] = [yield* ask(60), yield* ask(20)]
      yield* settle(small)
      assert.deepStrictEqual(yield* statesOf(first, second), ["waits", "waits"])
      yield* settle(large)
      assert.deepStrictEqual(yield* statesOf(first, second), ["reserved", "reserved"])
    })
  )

  it.effect("admits the next call when the one before it has waited too long", () =>
    Effect.gen(function* () {
      const { ask } = yield* make()
      yield* TestClock.adjust("1 second")
      yield* ask(60)
      const large = yield* ask(90)
      yield* TestClock.adjust("4 seconds")
      const small = yield* ask(10)
      yield* TestClock.adjust(999)
      assert.deepStrictEqual(yield* statesOf(large, small), ["waits", "waits"])
      yield* TestClock.adjust(1)
      assert.deepStrictEqual(yield* statesOf(large, small), ["refused after 5000", "reserved"])
    })
  )

  it.effect("refuses a call that stays behind others with the time that it waited", () =>
    Effect.gen(function* () {
      const { ask } = yield* make()
      yield* ask(60)
      yield* TestClock.adjust("1 second")
      yield* ask(90)
      yield* TestClock.adjust("1 second")
      const second = yield* ask(80)
      yield* TestClock.adjust(4_999)
      assert.deepStrictEqual(yield* statesOf(second), ["waits"])
      yield* TestClock.adjust(1)
      assert.deepStrictEqual(yield* statesOf(second), ["refused after 5000"])
    })
  )

  it.effect("notices within 200 milliseconds what another process settles", () =>
    Effect.gen(function* () {
      const { ask, manager } = yield* make()
      const other = yield* manager.reserve(60n, on("a"))
      const waiting = yield* ask(90)
      assert.isTrue("settle" in other)
      if ("settle" in other) yield* other.settle(0n)
      yield* TestClock.adjust(199)
      assert.deepStrictEqual(yield* statesOf(waiting), ["waits"])
      yield* TestClock.adjust(1)
      assert.deepStrictEqual(yield* statesOf(waiting), ["reserved"])
    })
  )

  it.effect("refuses at the end of the wait, though the store would be read later", () =>
    Effect.gen(function* () {
      const { ask } = yield* make(50)
      yield* ask(60)
      const waiting = yield* ask(90)
      yield* TestClock.adjust(50)
      assert.deepStrictEqual(yield* statesOf(waiting), ["refused after 50"])
    })
  )

  it.effect("refuses a call that may not wait at once", () =>
    Effect.gen(function* () {
      const { ask } = yield* make()
      yield* ask(60)
      assert.deepStrictEqual(yield* statesOf(yield* ask(90, on("a"), false)), ["refused after 0"])
    })
  )

  it.effect("lets a call that may not wait pass those that do", () =>
    Effect.gen(function* () {
      const { ask } = yield* make()
      yield* ask(60)
      yield* ask(90)
      assert.deepStrictEqual(yield* statesOf(yield* ask(10, on("a"), false)), ["reserved"])
    })
  )

  it.effect("refuses at once without a wait", () =>
    Effect.gen(function* () {
      const { ask } = yield* make(0)
      yield* ask(60)
      assert.deepStrictEqual(yield* statesOf(yield* ask(90)), ["refused after 0"])
    })
  )

  it.effect("refuses at once what is above what remains after every settlement", () =>
    Effect.gen(function* () {
      const { ask } = yield* make()
      yield* settle(yield* ask(95), 95n)
      assert.deepStrictEqual(yield* statesOf(yield* ask(10)), ["refused after 0"])
      yield* ask(5)
      assert.deepStrictEqual(yield* statesOf(yield* ask(6)), ["refused after 0"])
    })
  )

  it.effect("lets a call wait that fits exactly after every settlement", () =>
    Effect.gen(function* () {
      const { ask } = yield* make()
      yield* settle(yield* ask(50), 50n)
      yield* ask(20)
      assert.deepStrictEqual(yield* statesOf(yield* ask(50)), ["waits"])
    })
  )

  it.effect("lets a call wait that needs a whole cap", () =>
    Effect.gen(function* () {
      const { ask } = yield* make()
      yield* ask(20)
      assert.deepStrictEqual(yield* statesOf(yield* ask(100)), ["waits"])
    })
  )

  it.effect("refuses at once what is above the cap of any scope", () =>
    Effect.gen(function* () {
      const { ask } = yield* make()
      yield* ask(60)
      const claims = [...on("a"), { scope: "small", cap: 50n, retainUntil: undefined }]
      assert.deepStrictEqual(yield* statesOf(yield* ask(60, claims)), ["refused after 0"])
    })
  )

  it.effect("reports a store without capacity for another scope", () =>
    Effect.gen(function* () {
      const { ask } = yield* make("5 seconds", 1)
      yield* ask(60)
      assert.deepStrictEqual(yield* statesOf(yield* ask(1, on("b"))), ["ScopeLimitReached"])
    })
  )
})

describe("ReservationQueue without an effect", () => {
  const now = (queue: ReservationQueue, amount: number, canWait = true, claims = on("a")) => {
    const result = queue.reserveNow(BigInt(amount), claims, canWait)
    return result === undefined ? "waits" : textOf(result)
  }

  it.effect("reserves what fits", () =>
    Effect.gen(function* () {
      const { queue } = yield* make()
      assert.deepStrictEqual([now(queue, 60), now(queue, 40)], ["reserved", "reserved"])
    })
  )

  it.effect("leaves what may fit later to a call that waits", () =>
    Effect.gen(function* () {
      const { queue } = yield* make()
      assert.deepStrictEqual([now(queue, 60), now(queue, 50)], ["reserved", "waits"])
      assert.strictEqual(now(queue, 50, false), "refused after 0")
    })
  )

  it.effect("leaves the order to a call that waits", () =>
    Effect.gen(function* () {
      const { ask, queue } = yield* make()
      yield* ask(60)
      yield* ask(90)
      assert.strictEqual(now(queue, 10), "waits")
      assert.deepStrictEqual([now(queue, 10, true, on("b")), now(queue, 10, false)], ["reserved", "reserved"])
    })
  )

  it.effect("refuses what is above a cap", () =>
    Effect.gen(function* () {
      const { queue } = yield* make()
      assert.deepStrictEqual([now(queue, 101), now(queue, 60)], ["refused after 0", "reserved"])
    })
  )

  it.effect("lets others try again when it has settled", () =>
    Effect.gen(function* () {
      const { ask, queue } = yield* make()
      const running = queue.reserveNow(60n, on("a"), true)
      const waiting = yield* ask(90)
      if (running === undefined || !("settle" in running)) return assert.fail("not reserved")
      assert.deepStrictEqual(yield* statesOf(waiting), ["waits"])
      assert.isUndefined(running.settleNow(0n))
      yield* TestClock.adjust(0)
      assert.deepStrictEqual(yield* statesOf(waiting), ["reserved"])
    })
  )

  it.effect("leaves a store with other operations to an effect", () =>
    Effect.gen(function* () {
      const { ask, queue } = yield* make("5 seconds", 10, (memory) => ({ ...memory }))
      assert.strictEqual(now(queue, 60), "waits")
      assert.deepStrictEqual(yield* statesOf(yield* ask(100)), ["reserved"])
    })
  )
})
