import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect } from "effect"
import { TestClock } from "effect/testing"
import * as CallOptions from "../../src/CallOptions.ts"
import * as Admission from "../../src/resilience/Admission.ts"
import { ask, type Service, start } from "./support/admission.ts"

/** Calls of a second each through a single permit. */
const makeQueue = Effect.gen(function* () {
  const admission = yield* Admission.make({ limits: { concurrency: 1 }, maxWait: "1 hour" })
  const made: Array<CallOptions.Values> = []
  const call = (options: Partial<CallOptions.Values>) =>
    CallOptions.provide(options)(
      admission.guard(ask())(
        Effect.andThen(
          Effect.map(CallOptions.CallOptions, (values) => made.push(values)),
          Effect.sleep("1 second")
        )
      )
    )
  return { admission, made, call }
})

const times = <A>(values: ReadonlyArray<A>): ReadonlyMap<A, number> => {
  const counts = new Map<A, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  return counts
}

describe("the order of Admission", () => {
  it.effect("admits urgent calls first without starving any priority", () =>
    Effect.gen(function* () {
      const { call, made } = yield* makeQueue
      for (const priority of ["swarm", "batch", "interactive"] as const) {
        for (let number = 0; number < 100; number++) yield* start(call({ priority }))
      }
      yield* TestClock.adjust("90 seconds")
      // The first swarm call arrived while the queue was empty.
      assert.strictEqual(made[0]?.priority, "swarm")
      const order = made.slice(1, 91).map(({ priority }) => priority)
      assert.deepStrictEqual(
        times(order),
        new Map<CallOptions.Priority, number>([
          ["interactive", 71],
          ["batch", 10],
          ["swarm", 9]
        ])
      )
      for (const priority of CallOptions.priorities) {
        for (let first = 0; first + 10 <= order.length; first++) {
          assert.include(order.slice(first, first + 10), priority)
        }
      }
    })
  )

  it.effect("gives tenants equal shares regardless of their numbers of queued calls", () =>
    Effect.gen(function* () {
      const { call, made } = yield* makeQueue
      for (const [tenant, calls] of [
        ["a", 600],
        ["b", 60],
        ["c", 40]
      ] as const) {
        for (let number = 0; number < calls; number++) yield* start(call({ tenant, priority: "batch" }))
      }
      yield* TestClock.adjust("120 seconds")
      // The first call arrived while the queue was empty.
      assert.deepStrictEqual(
        times(made.slice(1).map(({ tenant }) => tenant)),
        new Map([
          ["a", 40],
          ["b", 40],
          ["c", 40]
        ])
      )
      // When one has nothing left, the others have the rest.
      yield* TestClock.adjust("40 seconds")
      assert.deepStrictEqual(
        times(made.slice(1).map(({ tenant }) => tenant)),
        new Map([
          ["a", 60],
          ["b", 60],
          ["c", 40]
        ])
      )
    })
  )

  it.effect("gives tenants equal shares regardless of their arrival rates", () =>
    Effect.gen(function* () {
      const { call, made } = yield* makeQueue
      const every = (tenant: string, millis: number) =>
        start(Effect.forever(Effect.andThen(Effect.forkChild(call({ tenant })), Effect.sleep(Duration.millis(millis)))))
      yield* every("a", 100)
      yield* every("b", 500)
      yield* every("c", 1_000)
      yield* TestClock.adjust("299 seconds")
      assert.deepStrictEqual(
        times(made.map(({ tenant }) => tenant)),
        new Map([
          ["a", 100],
          ["b", 100],
          ["c", 100]
        ])
      )
    })
  )

  it.effect("admits a tenant below its share almost without a wait", () =>
    Effect.gen(function* () {
      const { call, made } = yield* makeQueue
      for (let number = 0; number < 500; number++) yield* start(call({ tenant: "many" }))
      const waits: Array<number> = []
      for (let number = 0; number < 20; number++) {
        yield* TestClock.adjust("5 seconds")
        const before = made.length
        yield* start(call({ tenant: "few" }))
        yield* TestClock.adjust("2 seconds")
        waits.push(made.slice(before).findIndex(({ tenant }) => tenant === "few"))
      }
      assert.isTrue(
        waits.every((wait) => wait === 0 || wait === 1),
        waits.join()
      )
    })
  )

  it.effect("keeps the calls of a tenant in order", () =>
    Effect.gen(function* () {
      const admission: Service = yield* Admission.make({ limits: { requestsPerMinute: 7 }, maxWait: "1 hour" })
      const order: Array<number> = []
      for (let number = 0; number < 50; number++) {
        yield* start(admission.guard(ask())(Effect.sync(() => order.push(number))))
      }
      yield* TestClock.adjust("10 minutes")
      assert.deepStrictEqual(
        order,
        Array.from({ length: 50 }, (_, number) => number)
      )
    })
  )
})
