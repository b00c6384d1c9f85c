import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect } from "effect"
import { classes } from "../../../../src/errors/KimiError.ts"
import * as BalanceCheck from "../../../../src/observability/internal/health/BalanceCheck.ts"

const check = (read: BalanceCheck.Options["read"]) =>
  BalanceCheck.make({ account: "moonshot", role: "alternative", warning: 5, timeToLive: Duration.minutes(1), read })

const lookAt = (available_balance: number) => check(Effect.succeed({ available_balance })).check

describe("the check of a balance", () => {
  it.effect("warns at its threshold and is unhealthy at nothing", () =>
    Effect.gen(function* () {
      const found: Array<string> = []
      for (const amount of [5.01, 5, 0.01, 0, -3]) found.push((yield* lookAt(amount)).code)
      assert.deepStrictEqual(found, ["Ok", "Low", "Low", "Empty", "Empty"])
      assert.deepInclude(yield* lookAt(3), { status: "degraded", details: { available: 3, warning: 5 } })
    })
  )

  it.effect("has the role of its account only when that is empty", () =>
    Effect.gen(function* () {
      assert.strictEqual(check(Effect.never).role, "supporting")
      assert.isUndefined((yield* lookAt(1)).role)
      assert.deepInclude(yield* lookAt(0), { status: "unhealthy", role: "alternative" })
    })
  )

  it.effect("says so where a host tells no balance", () =>
    Effect.gen(function* () {
      for (const error of [
        new classes.UnsupportedOperationError({ message: "no", operation: "balance" }),
        new classes.InvalidRequestError({ message: "no such path", status: 404 })
      ]) {
        assert.deepInclude(yield* check(Effect.fail(error)).check, { status: "healthy", code: "Unsupported" })
      }
    })
  )

  it.effect("is degraded while nobody knows", () =>
    Effect.gen(function* () {
      const error = new classes.ServerError({ message: "broken", status: 500 })
      assert.deepInclude(yield* check(Effect.fail(error)).check, { status: "degraded", code: "ServerError" })
    })
  )
})
