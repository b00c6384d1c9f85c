import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { connect, hasServer, privateRedis } from "./support/redis.ts"
import { makeHost } from "./support/admission/host.ts"
import type { Settings } from "./support/admission/messages.ts"

const calls = 1_000_000

const limits: Settings["limits"] = {
  places: { concurrency: 6 },
  rates: { requestsPerMinute: 100, tokensPerMinute: 10_000 }
}

const expectedLogs: ReadonlyArray<readonly [string, string]> = [
  ["Warn", "Redis is unavailable: this process uses 50 % of the account's limits until it is available again"],
  ["Info", "Redis is available again: the account's limits are shared"]
]

const outages = [
  { name: "is killed and comes back empty", begin: "kill", end: "restart", forgets: true },
  { name: "hangs for a while", begin: "pause", end: "resume", forgets: false }
] as const

describe.skipIf(!hasServer)("Admission.layerRedis when Redis fails", () => {
  for (const { begin, end, forgets, name } of outages) {
    it.live(`keeps two processes within their limits without failing calls while Redis ${name}`, () =>
      Effect.gen(function* () {
        const server = yield* privateRedis
        const host = makeHost(30)
        const options = { keyPrefix: "t:", localShare: 0.5, maxWait: "2 seconds", cooldown: "500 millis" } as const
        const settings = { port: server.port, limits, options }
        const workers = yield* Effect.all([host.worker(settings), host.worker(settings)], { concurrency: 2 })
        const [places, rates] = [host.seen("places"), host.seen("rates")]
        const go = (account: string, callers: number, calls: number) => {
          for (const { send } of workers) send({ type: "go", account, callers, calls, tokens: [80] })
        }
        const haveLogged = (lines: number) => () => workers.every(({ logs }) => logs.length >= lines)
        const more = (calls: number, when: string) => {
          const enough = places.requests + calls
          return host.until(`there are ${enough} calls of places ${when}`, () => places.requests >= enough)
        }

        // Each process has less than its share in use when Redis goes away, and requests more than that afterwards.
        go("places", 3, calls)
        go("rates", 1, 20)
        yield* more(60, "at first")
        yield* host.until("40 calls of rates have ended", () => rates.requests === 40 && rates.running === 0)
        yield* server[begin]
        yield* host.until("both workers have logged the outage", haveLogged(1))
        go("places", 6, calls)
        go("rates", 5, calls)
        yield* more(60, "during the outage")
        yield* host.until("there are 100 calls of rates", () => rates.requests === 100)
        yield* server[end]
        yield* host.until("both workers have logged the end of the outage", haveLogged(2))
        yield* more(60, "after the outage")

        // They share again: Redis has the running calls and the total usage.
        const redis = yield* connect(server.port)
        const used = (account: string) =>
          redis.send<ReadonlyArray<string>>("HMGET", `t:{${account}}:state`, "requests", "tokens")
        yield* Effect.repeat(redis.send<number>("ZCARD", "t:{places}:permits"), { until: (held) => held > 0 })
        for (const { send } of workers) send({ type: "stop" })
        for (const { ended } of workers) assert.strictEqual(yield* ended, 0)
        assert.strictEqual(yield* redis.send("ZCARD", "t:{places}:permits"), 0)
        assert.strictEqual(yield* redis.send("ZCARD", "t:{rates}:permits"), 0)
        assert.deepStrictEqual(yield* used("rates"), ["100", "8000"])
        const [counted] = yield* used("places")
        // A hanging Redis may have counted calls that did not wait for its answer.
        if (forgets) assert.strictEqual(Number(counted), places.requests)
        else assert.isAtLeast(Number(counted), places.requests)

        assert.isAtMost(places.peak, 6)
        assert.strictEqual(rates.requests, 100)
        for (const { failures, logs } of workers) {
          assert.deepStrictEqual<ReadonlyArray<readonly [string, string]>>(logs, expectedLogs)
          // The account's minute is used up, with or without Redis.
          assert.deepStrictEqual(
            failures.map(({ account, tag }) => [account, tag]),
            Array.from({ length: 5 }, () => ["rates", "AdmissionTimeoutError"])
          )
          assert.isTrue(failures.every(({ millis }) => millis < 3_000))
        }
      })
    )
  }
})
