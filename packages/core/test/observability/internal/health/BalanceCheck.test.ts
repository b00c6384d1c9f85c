import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect } from "effect"
import { classes } from "../../../../src/errors/KimiError.ts"
import * as BalanceCheck from "../../../../src/observability/internal/health/BalanceCheck.ts"

const check = (read: BalanceCheck.Options["read"]) =>
  BalanceCheck.make({ account: "moonshot", role: "alternative", warning: 5, timeToLive: Duration.minutes(1), read })

const checkOf = (available_balance: number) => check(Effect.succeed({ available_balance })).check

describe("the balance check", () => {
  it.effect("is degraded from the warning threshold on", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* checkOf(5.01)).code, "Ok")
      assert.strictEqual((yield* checkOf(5)).code, "Low")
      assert.deepInclude(yield* checkOf(3), { status: "degraded", details: { available: 3, warning: 5 } })
    })
  )

  it.effect("is unhealthy if the account is empty", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* checkOf(0.01)).code, "Low")
      assert.strictEqual((yield* checkOf(0)).code, "Empty")
      assert.strictEqual((yield* checkOf(-3)).code, "Empty")
    })
  )

  it.effect("has the role of its account only if that is empty", () =>
    Effect.gen(function* () {
      assert.strictEqual(check(Effect.never).role, "supporting")
      assert.isUndefined((yield* checkOf(1)).role)
      assert.deepInclude(yield* checkOf(0), { status: "unhealthy", role: "alternative" })
    })
  )

  it.effect("is healthy if the host does not report a balance", () =>
    Effect.gen(function* () {
      for (const error of [
        new classes.UnsupportedOperationError({ message: "no", operation: "balance" }),
        new classes.InvalidRequestError({ message: "no such path", status: 404 })
      ]) {
        assert.deepInclude(yield* check(Effect.fail(error)).check, { status: "healthy", code: "Unsupported" })
      }
    })
  )

  it.effect("is degraded if the balance cannot be read", () =>
    Effect.gen(function* () {
      const error = new classes.ServerError({ message: "broken", status: 500 })
      assert.deepInclude(yield* check(Effect.fail(error)).check, { status: "degraded", code: "ServerError" })
    })
  )
})
