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
  const calls = new Map<number, PooledCall>()
  /** The same one for the same id. */
  const call = (id: number): PooledCall => {
    const known = calls.get(id) ?? {
      start: () => void started.push(id),
      reject: (cause) => void rejected.push([id, cause])
    }
    calls.set(id, known)
    return known
  }
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
      pool.release(call(1))
      assert.deepStrictEqual(started, [1, 2])
      pool.release(call(2))
      assert.deepStrictEqual(started, [1, 2, 3])
    })
  )

  it.effect("does not let a new call overtake one that waits", () =>
    Effect.gen(function* () {
      const pool = yield* makePool(1)
      const { call, started } = recorder()
      pool.enter(call(1))
      const ending: PooledCall = {
        ...call(2),
        start: () => {
          started.push(2)
          pool.release(ending)
          // The connection is free, but the third call came first.
          pool.enter(call(4))
        }
      }
      pool.enter(ending)
      pool.enter(call(3))
      pool.release(call(1))
      assert.deepStrictEqual(started, [1, 2, 3])
      pool.release(call(3))
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
      pool.release(call(1))
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
      const first = recorder().call(0)
      pool.enter(first)
      for (let count = 0; count < 50_000; count++) {
        const ending: PooledCall = {
          start: () => {
            ended += 1
            pool.release(ending)
          },
          reject: () => {}
        }
        pool.enter(ending)
      }
      pool.release(first)
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
      for (const id of started) pool.setSent(call(id))
      assert.deepStrictEqual(yield* pool.report.state, { inUse: 200, waiting: 50, limit: 200 })
    })
  )

  /** A pool over HTTP/2 to a host that allows two streams, with four calls, of which two are in the queue of undici. */
  const makeQueued = Effect.gen(function* () {
    const pool = yield* makePool(1)
    pool.setProtocol(true)
    const calls = recorder()
    for (let id = 1; id <= 4; id++) {
      pool.enter(calls.call(id))
      if (id <= 2) pool.setSent(calls.call(id))
    }
    return { pool, ...calls }
  })

  it.effect("counts calls that the host has no stream for as waiting", () =>
    Effect.gen(function* () {
      const { call, pool, started } = yield* makeQueued
      assert.deepStrictEqual(started, [1, 2, 3, 4])
      assert.deepStrictEqual(yield* pool.report.state, { inUse: 2, waiting: 2, limit: 100 })
      pool.release(call(1))
      pool.setSent(call(3))
      assert.deepStrictEqual(yield* pool.report.state, { inUse: 2, waiting: 1, limit: 100 })
    })
  )

  it.effect("rejects calls that the host has no stream for after the timeout", () =>
    Effect.gen(function* () {
      const { call, pool, rejected } = yield* makeQueued
      yield* TestClock.adjust("10 seconds")
      pool.enter(call(5))
      yield* TestClock.adjust("19999 millis")
      assert.deepStrictEqual(rejected, [])
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual(
        rejected.map(([id, cause]) => [id, cause.message]),
        [3, 4].map((id) => [id, "All connections were in use for 30s; the pool carries 2 calls at a time"])
      )
      const state = yield* pool.report.state
      assert.deepStrictEqual(state, { inUse: 2, waiting: 1, limit: 100, millisSinceTimeout: 0 })
      // undici drops them when their turn comes.
      pool.release(call(3))
      pool.release(call(4))
      assert.strictEqual((yield* pool.report.state).inUse, 2)
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(rejected.at(-1)?.[0], 5)
    })
  )

  it.effect("keeps the place of a call that left the queue of undici until undici drops it", () =>
    Effect.gen(function* () {
      const { call, pool, rejected, started } = yield* makeQueued
      for (let id = 5; id <= callsPerHttp2Connection; id++) pool.enter(call(id))
      assert.isFalse(pool.leave(call(3)))
      pool.enter(call(101))
      assert.deepStrictEqual(yield* pool.report.state, { inUse: 2, waiting: 98, limit: 100 })
      assert.strictEqual(started.length, 100)
      pool.release(call(3))
      assert.strictEqual(started.at(-1), 101)
      yield* TestClock.adjust("30 seconds")
      assert.isFalse(rejected.some(([id]) => id === 3))
    })
  )

  it.effect("counts the wait for a connection in the timeout of a call that undici then queues", () =>
    Effect.gen(function* () {
      const { call, pool, rejected } = yield* makeQueued
      for (let id = 5; id <= callsPerHttp2Connection; id++) {
        pool.enter(call(id))
        pool.setSent(call(id))
      }
      yield* TestClock.adjust("20 seconds")
      pool.enter(call(101))
      yield* TestClock.adjust("5 seconds")
      pool.release(call(1))
      yield* TestClock.adjust("24999 millis")
      assert.isFalse(rejected.some(([id]) => id === 101))
      yield* TestClock.adjust("1 millis")
      assert.isTrue(rejected.some(([id]) => id === 101))
    })
  )
})
