import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { ask } from "../../support/admission.ts"
import { makeFakeRedis, makeRedisAdmission } from "../../support/admissionRedis.ts"
import { countAdmitted } from "../../support/heldCalls.ts"
import { logs } from "../../support/redisCircuits.ts"

describe("RedisLimiter", () => {
  it.effect("adds the margin to the windows in Redis", () =>
    Effect.gen(function* () {
      const fakeRedis = makeFakeRedis()
      const seen: Array<ReadonlyArray<unknown>> = []
      const redis: typeof fakeRedis.redis = {
        ...fakeRedis.redis,
        run: (script, keys, args) => {
          seen.push(args.slice(7, 9))
          return fakeRedis.redis.run(script, keys, args)
        }
      }
      const admission = yield* makeRedisAdmission({ ...fakeRedis, redis }, { margin: "5 seconds" })
      assert.strictEqual(yield* countAdmitted(admission, 1), 1)
      assert.deepStrictEqual(seen[0], [65_000, 24 * 3_600_000 + 5_000])
    })
  )

  it.effect("waits between reports if a failure has no cool-down", () =>
    Effect.gen(function* () {
      const fakeRedis = makeFakeRedis()
      const admission = yield* makeRedisAdmission(fakeRedis, { cooldown: 0 })
      fakeRedis.mode = "failing"
      yield* admission.guard(ask())(Effect.void)
      const reports = () => fakeRedis.commands.filter((op) => op === "report").length
      const before = reports()
      yield* TestClock.adjust("500 millis")
      assert.strictEqual(reports() - before, 10)
    })
  )

  it.effect("logs the share of the limits that it uses while Redis is unavailable", () => {
    const { layer, lines } = logs()
    return Effect.gen(function* () {
      const fakeRedis = makeFakeRedis()
      const admission = yield* makeRedisAdmission(fakeRedis, { cooldown: "5 seconds" })
      fakeRedis.mode = "failing"
      yield* Effect.forkChild(admission.guard(ask())(Effect.void))
      yield* TestClock.adjust("1 second")
      fakeRedis.mode = "up"
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(
        lines.map(([, message]) => message),
        [
          "Redis is unavailable: this process uses 50 % of the account's limits until it is available again",
          "Redis is available again: the account's limits are shared"
        ]
      )
    }).pipe(Effect.provide(layer))
  })
})
