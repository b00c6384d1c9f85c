import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { ConnectionPoolState } from "../../../../src/observability/ConnectionPool.ts"
import * as ConnectionsCheck from "../../../../src/observability/internal/health/ConnectionsCheck.ts"
import type { HealthCheck } from "../../../../src/observability/internal/health/HealthCheck.ts"

const poolOf = (state: ConnectionPoolState) => ({ origin: "https://api.moonshot.ai", state: Effect.succeed(state) })

const check = (state: ConnectionPoolState) =>
  ConnectionsCheck.make({ account: "moonshot", role: "required", pool: poolOf(state) }).check

describe("the connections check", () => {
  it.effect("is healthy while no call waits, even if all connections are in use", () =>
    Effect.gen(function* () {
      assert.deepInclude(yield* check({ inUse: 4, waiting: 0, limit: 4 }), {
        status: "healthy",
        code: "Ok",
        details: { inUse: 4, waiting: 0, limit: 4 }
      })
    })
  )

  it.effect("is degraded while calls wait", () =>
    Effect.gen(function* () {
      assert.deepInclude(yield* check({ inUse: 4, waiting: 1, limit: 4 }), {
        status: "degraded",
        code: "PoolExhausted"
      })
    })
  )

  it.effect("is unhealthy while calls wait, for a minute after one has failed", () =>
    Effect.gen(function* () {
      const after = (millisSinceTimeout: number) => check({ inUse: 4, waiting: 1, limit: 4, millisSinceTimeout })
      assert.deepInclude(yield* after(59_999), { status: "unhealthy", code: "PoolTimeout" })
      assert.deepInclude(yield* after(60_000), { status: "degraded", code: "PoolExhausted" })
    })
  )

  it.effect("is healthy again when no call waits after one has failed", () =>
    Effect.gen(function* () {
      assert.deepInclude(yield* check({ inUse: 4, waiting: 0, limit: 4, millisSinceTimeout: 0 }), { status: "healthy" })
    })
  )
})

describe("a check that calls the host", () => {
  const called: HealthCheck = {
    name: "host",
    check: Effect.succeed({ status: "unhealthy", code: "Called", message: "The host was called." })
  }
  const codeOf = (state: ConnectionPoolState) =>
    Effect.map(ConnectionsCheck.unlessExhausted(poolOf(state))(called).check, ({ code, status }) => [status, code])

  it.effect("calls it while a connection is free", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* codeOf({ inUse: 3, waiting: 0, limit: 4 }), ["unhealthy", "Called"])
    })
  )

  it.effect("does not call it when it would have to wait for a connection", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* codeOf({ inUse: 4, waiting: 0, limit: 4 }), ["healthy", "NotChecked"])
    })
  )

  it.effect("is degraded without a call while others wait for a connection", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* codeOf({ inUse: 4, waiting: 1, limit: 4 }), ["degraded", "NotChecked"])
    })
  )

  it.effect("does not call it while others wait for a stream of a host that allows few", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* codeOf({ inUse: 2, waiting: 1, limit: 100 }), ["degraded", "NotChecked"])
    })
  )

  it("is not changed where the connections are not known", () => {
    assert.strictEqual(ConnectionsCheck.unlessExhausted(undefined)(called), called)
  })
})
