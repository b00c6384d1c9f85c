import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { maxCircuits } from "../../src/resilience/internal/circuit/Circuits.ts"
import { type Breaker, fail, make, waits } from "./support/breaker.ts"
import { twoProcesses } from "./support/redisCircuits.ts"

const names = Array.from({ length: 50_000 }, (_, index) => `moonshot/model-${index}`)

const callEach = (breaker: Breaker) =>
  Effect.forEach(names, (name) => breaker.guard(name)(Effect.void), { discard: true })

describe("circuits of 50,000 names", () => {
  it.effect("are bounded in this process", () =>
    Effect.gen(function* () {
      const breaker = yield* make()
      yield* callEach(breaker)
      assert.strictEqual((yield* breaker.states).size, maxCircuits)
    })
  )

  it.effect("are bounded even if all are open", () =>
    Effect.gen(function* () {
      const breaker = yield* make()
      yield* Effect.forEach(names.slice(0, 2 * maxCircuits), breaker.forceOpen, { discard: true })
      assert.strictEqual((yield* breaker.states).size, maxCircuits)
    })
  )

  it.effect("keep those that were isolated", () =>
    Effect.gen(function* () {
      const breaker = yield* make()
      yield* breaker.isolate("moonshot/mine")
      yield* callEach(breaker)
      assert.strictEqual((yield* breaker.states).get("moonshot/mine")?._tag, "Isolated")
    })
  )

  it.effect("leave no schedule of an evicted circuit", () =>
    Effect.gen(function* () {
      const breaker = yield* make()
      yield* breaker.guard("moonshot/kimi-k3")(Effect.void)
      yield* callEach(breaker)
      yield* fail(breaker, undefined, 3)
      // The first duration of the schedule, not the second.
      yield* waits(breaker, 10)
    })
  )

  it.effect("are bounded in the view of shared circuits", () =>
    Effect.gen(function* () {
      const { one } = yield* twoProcesses()
      yield* callEach(one)
      assert.strictEqual((yield* one.states).size, maxCircuits)
    })
  )

  it.effect("keep shared ones that were isolated", () =>
    Effect.gen(function* () {
      const { one } = yield* twoProcesses()
      yield* one.isolate("moonshot/mine")
      yield* callEach(one)
      assert.strictEqual((yield* one.states).get("moonshot/mine")?._tag, "Isolated")
    })
  )

  it.effect("are read from the store by 128 commands at most", () =>
    Effect.gen(function* () {
      const { one, store } = yield* twoProcesses()
      yield* callEach(one)
      const before = store.asked
      yield* one.states
      assert.strictEqual(store.asked - before, 128)
    })
  )

  it.effect("are read from the store where they are open before all others", () =>
    Effect.gen(function* () {
      const { one, two } = yield* twoProcesses({ tripPolicy: { _tag: "Consecutive", failures: 1 } })
      yield* fail(one)
      yield* Effect.forEach(names.slice(0, 200), (name) => one.guard(name)(Effect.void), { discard: true })
      yield* two.reset("moonshot/kimi-k3")
      assert.strictEqual((yield* one.states).get("moonshot/kimi-k3")?._tag, "Closed")
    })
  )
})
