import { assert, describe, it } from "@effect/vitest"
import * as AdmissionScript from "@kimi-effect/core/internal/AdmissionScript"
import { Effect, Schedule } from "effect"
import { connect, hasServer, port, privateRedis, reachable, uniquePrefix } from "./support/redis.ts"

const account = "moonshot"
const places = (concurrency: number) => ({ concurrency })
const nothing = { requests: 0, tokens: 0, daily: 0 }

/** The script of several processes that share an account. */
const processes = Effect.fnUntraced(function* (to: number = port) {
  const redis = yield* connect(to)
  const prefix = uniquePrefix()
  const of = (process: string, leaseMillis = 30_000) =>
    AdmissionScript.make(redis, account, {
      keyPrefix: prefix,
      leaseMillis,
      minuteMillis: 61_000,
      dayMillis: 86_401_000,
      processId: process
    })
  const key = (name: string) => `${prefix}{${account}}:${name}`
  return { redis, of, key }
})

const status = <E, R>(reply: Effect.Effect<AdmissionScript.Reply, E, R>) => Effect.map(reply, ({ status }) => status)

/** Repeats until the condition holds, since the script uses the clock of Redis. */
const until = <A, E, R>(effect: Effect.Effect<A, E, R>, isSo: (value: A) => boolean) =>
  Effect.repeat(effect, { until: isSo, schedule: Schedule.spaced("10 millis") })

describe.skipIf(!reachable)("AdmissionScript", () => {
  it.live("counts a repeated or delayed report once", () =>
    Effect.gen(function* () {
      const { of } = yield* processes()
      const one = of("one")
      yield* one.acquire("one:1", 100, {})
      const first = { requests: 2, tokens: 20 }
      yield* one.report(nothing, first, nothing)
      // The reply was lost, so the report is repeated, then together with later usage.
      yield* one.report(nothing, first, nothing)
      const { daily, requests, tokens } = yield* one.report(nothing, { requests: 5, tokens: 50 }, nothing)
      assert.deepStrictEqual({ daily, requests, tokens }, { requests: 6, tokens: 150, daily: 150 })
    })
  )

  it.live("counts recent usage once when Redis has lost its data", () =>
    Effect.gen(function* () {
      const { key, of, redis } = yield* processes()
      const [one, unaware] = [of("one"), of("one")]
      yield* unaware.release("one:0", 0)
      yield* one.acquire("one:1", 100, {})
      yield* one.report(nothing, { requests: 1, tokens: 10 }, nothing)
      yield* redis.send("DEL", key("state"), key("minute"), key("day"), key("permits"))
      assert.strictEqual(yield* status(one.acquire("one:2", 100, {})), "reset")
      assert.strictEqual(yield* status(one.renew(["one:1"], [])), "reset")
      assert.strictEqual(yield* status(one.release("one:1", 0)), "reset")
      const lately = { requests: 2, tokens: 110, daily: 500 }
      yield* one.report(nothing, { requests: 1, tokens: 10 }, lately)
      const { daily, inFlight, requests, tokens } = yield* one.report(nothing, { requests: 1, tokens: 10 }, lately)
      assert.deepStrictEqual({ daily, inFlight, requests, tokens }, { ...lately, inFlight: 0 })
      // The next report adds to it, even if the reply to the first was lost.
      const late = yield* unaware.report(nothing, { requests: 2, tokens: 20 }, lately)
      assert.strictEqual(late.requests, 3)
      assert.strictEqual(yield* status(one.acquire("one:3", 100, {})), "ok")
    })
  )

  it.live("keeps a free permit for the longest waiting process while that process retries", () =>
    Effect.gen(function* () {
      const { of } = yield* processes()
      const [one, two, three] = [of("one"), of("two"), of("three")]
      const enter = (script: AdmissionScript.AdmissionScript, place: string) =>
        status(script.acquire(place, 1, places(1)))
      assert.strictEqual(yield* enter(one, "one:1"), "ok")
      assert.strictEqual(yield* enter(two, "two:1"), "full")
      yield* Effect.sleep("2 millis")
      assert.strictEqual(yield* enter(three, "three:1"), "full")
      yield* one.release("one:1", 0)
      assert.strictEqual(yield* enter(one, "one:2"), "full")
      assert.strictEqual(yield* enter(three, "three:2"), "full")
      assert.strictEqual(yield* enter(two, "two:2"), "ok")
      yield* two.release("two:2", 0)
      assert.strictEqual(yield* enter(two, "two:3"), "full")
      assert.strictEqual(yield* enter(three, "three:3"), "ok")
      yield* three.release("three:3", 0)
      // The first is next, but it never retries.
      yield* until(enter(two, "two:4"), (now) => now === "ok")
    })
  )

  it.live("keeps tokens free for a large call that waits", () =>
    Effect.gen(function* () {
      const { of } = yield* processes()
      const [one, two] = [of("one"), of("two")]
      const limits = { tokensPerMinute: 1_000 }
      yield* one.acquire("one:1", 300, limits)
      const large = yield* two.acquire("two:1", 900, limits)
      assert.strictEqual(large.status, "wait")
      assert.isTrue(large.waitMillis > 55_000 && large.waitMillis <= 61_100)
      yield* Effect.sleep("2 millis")
      const small = yield* one.acquire("one:2", 200, limits)
      // The large one may give up, so nothing is certain.
      assert.deepStrictEqual([small.status, small.waitMillis], ["wait", 0])
    })
  )

  it.live("releases permits whose lease was not renewed", () =>
    Effect.gen(function* () {
      const { key, of, redis } = yield* processes()
      const [one, two] = [of("one", 100), of("two")]
      yield* one.acquire("one:1", 1, {})
      yield* one.acquire("one:2", 1, {})
      // Its lease is too long to run out meanwhile.
      yield* two.acquire("one:3", 1, {})
      yield* until(
        Effect.andThen(one.renew(["one:1"], ["one:3"]), two.release("two:0", 0)),
        ({ inFlight }) => inFlight === 1
      )
      assert.deepStrictEqual(yield* redis.send("ZRANGE", key("permits"), "0", "-1"), ["one:1"])
      yield* until(two.release("two:0", 0), ({ inFlight }) => inFlight === 0)
    })
  )

  it.live("pauses all processes for the longest reported pause", () =>
    Effect.gen(function* () {
      const { of } = yield* processes()
      yield* of("one").release("one:1", 60_000)
      yield* of("one").release("one:1", 10)
      const { status, waitMillis } = yield* of("two").acquire("two:1", 1, {})
      assert.strictEqual(status, "wait")
      assert.isTrue(waitMillis > 50_000 && waitMillis <= 60_000)
    })
  )

  it.live("counts from zero when Redis has lost its lists", () =>
    Effect.gen(function* () {
      const { key, of, redis } = yield* processes()
      const one = of("one")
      yield* one.acquire("one:1", 100, {})
      yield* redis.send("DEL", key("minute"))
      const { daily, requests, tokens } = yield* one.release("one:1", 0)
      assert.deepStrictEqual({ daily, requests, tokens }, { requests: 0, tokens: 0, daily: 100 })
    })
  )

  it.live("lets the keys of an idle account expire after its longest window", () =>
    Effect.gen(function* () {
      const { key, of, redis } = yield* processes()
      yield* of("one").acquire("one:1", 100, {})
      for (const name of ["state", "day"]) {
        assert.isTrue(Number(yield* redis.send("PTTL", key(name))) > 86_400_000)
      }
    })
  )
})

describe.skipIf(!hasServer)("AdmissionScript on a Redis that has just started", () => {
  it.live("reports that usage may be missing", () =>
    Effect.gen(function* () {
      const { port } = yield* privateRedis
      const { of } = yield* processes(port)
      const { uncertainMillis } = yield* of("one").acquire("one:1", 1, {})
      assert.strictEqual(uncertainMillis, 61_000)
    })
  )

  it.live("takes it that it has, where it may not be asked", () =>
    Effect.gen(function* () {
      const { port } = yield* privateRedis
      const { of, redis } = yield* processes(port)
      yield* redis.send("ACL", "SETUSER", "default", "-info")
      const { status, uncertainMillis } = yield* of("one").acquire("one:1", 1, {})
      assert.deepStrictEqual([status, uncertainMillis], ["ok", 61_000])
    })
  )
})
