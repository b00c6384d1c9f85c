import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import * as RedisCheck from "../../../../src/observability/internal/health/RedisCheck.ts"
import * as Redis from "../../../../src/Redis.ts"

const connected: Redis.Status = { state: "connected", since: 1_000 }

const redisWith = (status: Redis.Status | undefined, failure?: string): Redis.Redis["Service"] =>
  Redis.Redis.of({
    send: <A>(command: string) =>
      failure === undefined
        ? Effect.succeed("PONG" as A)
        : Effect.fail(new Redis.RedisError({ message: `no ${command}`, operation: command, reason: failure })),
    run: () => Effect.die("unused"),
    ...(status === undefined ? {} : { status: Effect.succeed(status) })
  })

describe("RedisCheck.make", () => {
  it.effect("is healthy when Redis replies", () =>
    Effect.gen(function* () {
      const { check } = RedisCheck.make(redisWith(connected))
      assert.deepStrictEqual(yield* check, {
        status: "healthy",
        code: "Ok",
        message: "Redis replies.",
        details: { state: "connected", since: "1970-01-01T00:00:01.000Z", connections: 1 }
      })
    })
  )

  it.effect("is unhealthy with the reason when Redis does not reply", () =>
    Effect.gen(function* () {
      const status: Redis.Status = {
        state: "disconnected",
        since: 1_000,
        lastError: { reason: "ECONNREFUSED", at: 2_000, age: 0 }
      }
      const { check } = RedisCheck.make(redisWith(status, "ECONNREFUSED"))
      assert.deepInclude(yield* check, {
        status: "unhealthy",
        code: "Unavailable",
        details: {
          state: "disconnected",
          since: "1970-01-01T00:00:01.000Z",
          lastError: "ECONNREFUSED",
          lastErrorAt: "1970-01-01T00:00:02.000Z",
          reason: "ECONNREFUSED",
          connections: 1
        }
      })
    })
  )

  for (const [seconds, expected] of [
    [59, "degraded"],
    [60, "healthy"]
  ] as const) {
    it.effect(`is ${expected} ${seconds} seconds after an error`, () =>
      Effect.gen(function* () {
        const lastError = { reason: "READONLY", at: 0, age: seconds * 1_000 }
        const { check } = RedisCheck.make(redisWith({ ...connected, lastError }))
        assert.strictEqual((yield* check).status, expected)
      })
    )
  }

  it.effect("reports the state of a connection that does not reply for two seconds", () =>
    Effect.gen(function* () {
      const { check } = RedisCheck.make({ ...redisWith(connected), send: () => Effect.never })
      const fiber = yield* Effect.forkChild(check, { startImmediately: true })
      yield* TestClock.adjust("2 seconds")
      const { details } = yield* Fiber.join(fiber)
      assert.deepInclude(details, { state: "connected", reason: "timeout" })
    })
  )

  it.effect("reports the worst of several connections", () =>
    Effect.gen(function* () {
      const { check } = RedisCheck.make(redisWith(connected), redisWith(undefined, "LOADING"), redisWith(connected))
      assert.deepInclude(yield* check, { status: "unhealthy", details: { reason: "LOADING", connections: 3 } })
    })
  )

  it("does not make the whole unhealthy", () => {
    assert.strictEqual(RedisCheck.make(redisWith(connected)).role, "supporting")
  })
})
