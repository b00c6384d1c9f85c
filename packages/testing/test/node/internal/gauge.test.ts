import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Gauge from "../../../src/node/internal/gauge.ts"

describe("gauge", () => {
  it.effect("completes immediately when the number is already reached", () =>
    Effect.gen(function* () {
      const gauge = Gauge.make()
      gauge.set(2)
      yield* gauge.until((value) => value >= 2)
      assert.strictEqual(gauge.get(), 2)
    })
  )

  it.effect("wakes each waiter when its number is reached", () =>
    Effect.gen(function* () {
      const gauge = Gauge.make()
      const two = yield* Effect.forkChild(
        gauge.until((value) => value === 2),
        { startImmediately: true }
      )
      const three = yield* Effect.forkChild(
        gauge.until((value) => value >= 3),
        { startImmediately: true }
      )
      gauge.set(1)
      yield* Effect.yieldNow
      assert.isUndefined(two.pollUnsafe())
      gauge.set(2)
      yield* Fiber.join(two)
      assert.isUndefined(three.pollUnsafe())
      gauge.set(3)
      yield* Fiber.join(three)
    })
  )

  it.effect("removes a waiter that has completed", () =>
    Effect.gen(function* () {
      const gauge = Gauge.make()
      let checks = 0
      yield* gauge.until(() => {
        checks++
        return true
      })
      gauge.set(1)
      assert.strictEqual(checks, 1)
    })
  )

  it.effect("removes a waiter that was interrupted", () =>
    Effect.gen(function* () {
      const gauge = Gauge.make()
      let checks = 0
      const isReached = () => {
        checks++
        return false
      }
      const fiber = yield* Effect.forkChild(gauge.until(isReached), { startImmediately: true })
      assert.strictEqual(checks, 1)
      yield* Fiber.interrupt(fiber)
      gauge.set(1)
      assert.strictEqual(checks, 1)
    })
  )
})
