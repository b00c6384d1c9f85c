import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect } from "effect"
import { TestClock } from "effect/testing"
import { PoolTimeout } from "../../../src/internal/PoolTimeout.ts"
import { callsPerHttp2Connection, OriginPool, type PooledCall } from "../../../src/node/internal/OriginPool.ts"

const makePool = (maxConnections: number) =>
  Effect.map(
    Effect.context<never>(),
    (context) =>
      new OriginPool("https://api.moonshot.ai", { maxConnections, poolTimeout: Duration.seconds(30) }, context)
  )

/** Calls whose start or rejection is recorded. */
const recorder = () => {
  const started: Array<number> = []
  const rejected: Array<readonly [number, Error]> = []
  const call = (id: number): PooledCall => ({
    start: () => void started.push(id),
    reject: (cause) => void rejected.push([id, cause])
  })
  return { started, rejected, call }
}

describe("OriginPool", () => {
  it.effect("starts calls at once while connections are free", () =>
    Effect.gen(function* () {
      const pool = yield* makePool(2)
      const { call, started } = recorder()
      pool.enter(call(1))
      pool.enter(call(2))
      assert.deepStrictEqual(started, [1, 2])
      assert.deepStrictEqual(yield* pool.report.state, { inUse: 2, waiting: 0, limit: 2 })
    })
  )

  it.effect("starts waiting calls in order, one for each connection that becomes free", () =>
    Effect.gen(function* () {
      const pool = yield* makePool(1)
      const { call, started } = recorder()
      for (let id = 1; id <= 4; id++) pool.enter(call(id))
      assert.deepStrictEqual(yield* pool.report.state, { inUse: 1, waiting: 3, limit: 1 })
      pool.release()
      assert.deepStrictEqual(started, [1, 2])
      pool.release()
      assert.deepStrictEqual(started, [1, 2, 3])
    })
  )

  it.effect("does not let a new call overtake one that waits", () =>
    Effect.gen(function* () {
      const pool = yield* makePool(1)
      const { call, started } = recorder()
      pool.enter(call(1))
      pool.enter({
        ...call(2),
        start: () => {
          started.push(2)
          pool.release()
          // The connection is free, but the third call came first.
          pool.enter(call(4))
        }
      })
      pool.enter(call(3))
      pool.release()
      assert.deepStrictEqual(started, [1, 2, 3])
      pool.release()
      assert.deepStrictEqual(started, [1, 2, 3, 4])
    })
  )

  it.effect("forgets a call that leaves", () =>
    Effect.gen(function* () {
      const pool = yield* makePool(1)
      const { call, rejected, started } = recorder()
      const leaving = call(2)
      pool.enter(call(1))
      pool.enter(leaving)
      pool.enter(call(3))
      assert.isTrue(pool.leave(leaving))
      pool.release()
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(started, [1, 3])
      assert.deepStrictEqual(rejected, [])
    })
  )

  it.effect("does not forget a call that has started", () =>
    Effect.gen(function* () {
      const pool = yield* makePool(1)
      const started = recorder().call(1)
      pool.enter(started)
      assert.isFalse(pool.leave(started))
      assert.strictEqual((yield* pool.report.state).inUse, 1)
    })
  )

  it.effect("rejects each call after its own timeout", () =>
    Effect.gen(function* () {
      const pool = yield* makePool(1)
      const { call, rejected } = recorder()
      pool.enter(call(1))
      pool.enter(call(2))
      yield* TestClock.adjust("10 seconds")
      pool.enter(call(3))
      const ids = () => rejected.map(([id]) => id)
      yield* TestClock.adjust("19999 millis")
      assert.deepStrictEqual(ids(), [])
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual(ids(), [2])
      yield* TestClock.adjust("9999 millis")
      assert.deepStrictEqual(ids(), [2])
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual(ids(), [2, 3])
      yield* TestClock.adjust("5 seconds")
      const state = yield* pool.report.state
      assert.deepStrictEqual(state, { inUse: 1, waiting: 0, limit: 1, millisSinceTimeout: 5_000 })
    })
  )

  it.effect("reports to a rejected call how long it waited", () =>
    Effect.gen(function* () {
      const pool = yield* makePool(1)
      const { call, rejected } = recorder()
      pool.enter(call(1))
      pool.enter(call(2))
      yield* TestClock.adjust("30 seconds")
      const cause = rejected[0]?.[1]
      assert.instanceOf(cause, PoolTimeout)
      assert.strictEqual(cause.message, "All connections were in use for 30s; the pool carries 1 calls at a time")
    })
  )

  it.effect("starts any number of calls that end at once without growing the stack", () =>
    Effect.gen(function* () {
      const pool = yield* makePool(1)
      let ended = 0
      pool.enter(recorder().call(0))
      for (let count = 0; count < 50_000; count++) {
        pool.enter({
          start: () => {
            ended += 1
            pool.release()
          },
          reject: () => {}
        })
      }
      pool.release()
      assert.strictEqual(ended, 50_000)
      assert.deepStrictEqual(yield* pool.report.state, { inUse: 0, waiting: 0, limit: 1 })
    })
  )

  it.effect("starts the calls that a connection over HTTP/2 can carry", () =>
    Effect.gen(function* () {
      const pool = yield* makePool(2)
      const { call, started } = recorder()
      for (let id = 1; id <= 250; id++) pool.enter(call(id))
      assert.strictEqual(started.length, 2)
      pool.setProtocol(true)
      assert.strictEqual(started.length, 2 * callsPerHttp2Connection)
      assert.deepStrictEqual(yield* pool.report.state, { inUse: 200, waiting: 50, limit: 200 })
    })
  )
})
