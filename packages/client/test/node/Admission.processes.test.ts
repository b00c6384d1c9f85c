import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { connect, port, reachable, uniquePrefix } from "./support/redis.ts"
import { makeHost } from "./support/admission/host.ts"
import type { Settings } from "./support/admission/messages.ts"

/** More calls than the limiter permits. */
const calls = 1_000_000

const stop = { type: "stop" } as const

/** A busy machine is no outage. */
const timeout = "10 seconds"

describe.skipIf(!reachable)("Admission.layerRedis with two processes", () => {
  it.live("uses nearly all of each limit without exceeding it", () =>
    Effect.gen(function* () {
      const limits: Settings["limits"] = {
        requests: { concurrency: 10, requestsPerMinute: 200 },
        tokens: { tokensPerMinute: 20_000 },
        day: { tokensPerDay: 20_000 },
        places: { concurrency: 5 },
        all: { concurrency: 8, requestsPerMinute: 300, tokensPerMinute: 25_000, tokensPerDay: 100_000 }
      }
      const host = makeHost(20)
      const settings = {
        port,
        limits,
        options: { keyPrefix: uniquePrefix(), timeout, maxWait: "1500 millis" }
      } as const
      const workers = yield* Effect.all([host.worker(settings), host.worker(settings)], { concurrency: 2 })
      for (const { send } of workers) {
        send({ type: "go", account: "requests", callers: 15, calls, tokens: [1] })
        send({ type: "go", account: "tokens", callers: 15, calls, tokens: [150, 70, 199] })
        send({ type: "go", account: "day", callers: 15, calls, tokens: [20, 180, 110] })
        send({ type: "go", account: "all", callers: 15, calls, tokens: [90, 10, 250] })
        send({ type: "go", account: "places", callers: 10, calls: 12, tokens: [1] })
      }
      yield* host.until(
        "every worker has used up its waits, and all calls of places were made",
        () => workers.every(({ failures }) => failures.length >= 60) && host.seen("places").requests === 240
      )
      for (const { send } of workers) send(stop)
      for (const { ended } of workers) assert.strictEqual(yield* ended, 0)

      const isUsed = (used: number, limit: number) => {
        assert.isAtMost(used, limit)
        assert.isAtLeast(used, limit * 0.95)
      }
      isUsed(host.seen("requests").requests, 200)
      isUsed(host.seen("tokens").tokens, 20_000)
      isUsed(host.seen("day").tokens, 20_000)
      isUsed(host.seen("all").tokens, 25_000)
      assert.isAtMost(host.seen("all").requests, 300)
      assert.deepStrictEqual([host.seen("places").peak, host.seen("requests").peak, host.seen("all").peak], [5, 10, 8])
      for (const { failures, logs } of workers) {
        assert.deepStrictEqual(logs, [])
        assert.isTrue(failures.every(({ account, tag }) => tag === "AdmissionTimeoutError" && account !== "places"))
      }
    })
  )

  it.live("shares permits of a busy process with one that starts later", () =>
    Effect.gen(function* () {
      const host = makeHost(100)
      const limits = { early: { concurrency: 1 } }
      const settings = { port, limits, options: { keyPrefix: uniquePrefix(), timeout, maxWait: "2 seconds" } } as const
      const early = yield* host.worker(settings)
      early.send({ type: "go", account: "early", callers: 3, calls, tokens: [1] })
      yield* host.until("the early worker has made calls", () => host.seen("early").requests > 3)
      const late = yield* host.worker(settings)
      late.send({ type: "go", account: "early", callers: 1, calls: 5, tokens: [1] })
      late.send(stop)
      assert.strictEqual(yield* late.ended, 0)
      assert.deepStrictEqual(late.failures, [])
      assert.deepStrictEqual(early.failures, [])
      assert.strictEqual(host.seen("early").peak, 1)
    })
  )

  it.live("gets a permit of a killed process after its lease, but not of a live one", () =>
    Effect.gen(function* () {
      const host = makeHost(600_000)
      const keyPrefix = uniquePrefix()
      const options = { keyPrefix, timeout, maxWait: "10 seconds", lease: "500 millis" } as const
      const settings = { port, limits: { leased: { concurrency: 1 } }, options }
      const redis = yield* connect()
      const places = redis.send<ReadonlyArray<string>>("ZRANGE", `${keyPrefix}{leased}:permits`, "0", "-1")
      const [first, second] = yield* Effect.all([host.worker(settings), host.worker(settings)], { concurrency: 2 })
      first.send({ type: "go", account: "leased", callers: 1, calls: 1, tokens: [1] })
      yield* host.until("the first worker has its permit", () => host.seen("leased").running === 1)
      const held = yield* places
      second.send({ type: "go", account: "leased", callers: 1, calls: 1, tokens: [1] })
      // Three times as long as the lease.
      yield* Effect.sleep("1500 millis")
      assert.deepStrictEqual(yield* places, held)
      assert.strictEqual(host.seen("leased").requests, 1)
      first.child.kill("SIGKILL")
      yield* host.until("the second worker has the permit", () => host.seen("leased").requests === 2)
      assert.notDeepEqual(yield* places, held)
      assert.deepStrictEqual(second.failures, [])
    })
  )
})
