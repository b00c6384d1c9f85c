import { assert, describe, it } from "@effect/vitest"
import { classes } from "@kimi-effect/core/KimiError"
import * as CircuitBreaker from "@kimi-effect/core/CircuitBreaker"
import { Context, Deferred, Duration, Effect, Exit, Fiber, Layer, Logger, Random, Schedule, Stream } from "effect"
import * as Redis from "@kimi-effect/core/Redis"
import type { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import type * as Scope from "effect/Scope"
import { jumps, withWallClock } from "../../../../test/support/wallClock.ts"
import { connect, hasServer, privateRedis, reachable, uniquePrefix } from "./support/redis.ts"
import { until } from "./support/files.ts"

type Breaker = CircuitBreaker.CircuitBreaker["Service"]

const key = "moonshot/kimi-k3"
const broken = new classes.ServerError({ message: "broken" })

/** The circuits of a process with its own connection. They open at the third failure in a row, for half a minute. */
const processOn = (
  redis: Redis.Redis["Service"],
  options: Partial<CircuitBreaker.RedisOptions>
): Effect.Effect<Breaker, ConfigurationError, Scope.Scope> =>
  Effect.gen(function* () {
    const layer = CircuitBreaker.layerRedis({
      tripPolicy: { _tag: "Consecutive", failures: 3 },
      openDuration: Schedule.spaced("30 seconds"),
      // A busy machine is no outage.
      timeout: Duration.seconds(10),
      ...options
    })
    const services = yield* Layer.build(Layer.provide(layer, Layer.succeed(Redis.Redis, redis)))
    return Context.get(services, CircuitBreaker.CircuitBreaker)
  })

const twoProcesses = Effect.fnUntraced(function* (options: Partial<CircuitBreaker.RedisOptions> = {}) {
  const shared = { keyPrefix: uniquePrefix(), ...options }
  const one = yield* processOn(yield* connect(), shared)
  return { keyPrefix: shared.keyPrefix, one, two: yield* processOn(yield* connect(), shared) }
})

const fail = (breaker: Breaker, times = 1, error = broken) =>
  Effect.repeat(Effect.flip(breaker.guard(key)(Effect.fail(error))), { times: times - 1 })

const succeed = (breaker: Breaker) => breaker.guard(key)(Effect.succeed("answer"))

const rejection = (breaker: Breaker) =>
  Effect.flip(breaker.guard(key)(Effect.sync(() => assert.fail("the call was made"))))

const tag = (breaker: Breaker) => Effect.map(breaker.states, (states) => states.get(key)?._tag)

/** Asks again until the circuit lends its probe, and leaves the attempt running. */
const probe = Effect.fnUntraced(function* <A, E>(
  guard: (attempt: Effect.Effect<A>) => Effect.Effect<unknown, E>,
  attempt: Effect.Effect<A>
) {
  const started = yield* Deferred.make<void>()
  const announced = Effect.andThen(Deferred.succeed(started, undefined), attempt)
  const fiber = yield* Effect.forkChild(Effect.retry(guard(announced), Schedule.spaced("5 millis")))
  yield* Effect.timeout(Deferred.await(started), "10 seconds")
  return { fiber }
})

const shortly = {
  tripPolicy: { _tag: "Consecutive", failures: 1 },
  openDuration: Schedule.spaced("50 millis")
} as const

describe.skipIf(!reachable)("circuits on Redis", () => {
  for (const [name, jump] of jumps) {
    it.live(`report no longer wait than they are open when the clock of a process is set ${name}`, () =>
      withWallClock((set) =>
        Effect.gen(function* () {
          const { one, two } = yield* twoProcesses({ openDuration: "20 seconds" })
          yield* fail(one, 3)
          set(jump)
          for (const breaker of [one, two]) {
            const left = Duration.toMillis((yield* rejection(breaker)).retryAfter ?? Duration.zero)
            assert.isTrue(left > 0 && left <= 20_000, `${left} milliseconds left`)
          }
        })
      )
    )
  }

  it.live("open for two processes at the last failure of a run through both", () =>
    Effect.gen(function* () {
      const { one, two } = yield* twoProcesses()
      yield* fail(one, 2)
      yield* succeed(two)
      yield* fail(one, 2)
      yield* fail(two)
      for (const breaker of [one, two]) {
        const error = yield* rejection(breaker)
        assert.deepInclude({ ...error }, { _tag: "CircuitOpenError", key, state: "open" })
        const left = Duration.toMillis(error.retryAfter ?? Duration.zero)
        assert.isTrue(left > 0 && left <= 30_000, `${left} milliseconds left`)
        assert.strictEqual(yield* tag(breaker), "Open")
      }
    })
  )

  it.live("stay open as long as the host asks when that is longer", () =>
    Effect.gen(function* () {
      const { one, two } = yield* twoProcesses({ tripPolicy: { _tag: "Consecutive", failures: 1 } })
      const retryAfter = Duration.minutes(2)
      yield* Effect.flip(one.guard(key)(Effect.fail(new classes.OverloadedError({ message: "busy", retryAfter }))))
      const left = Duration.toMillis((yield* rejection(two)).retryAfter ?? Duration.zero)
      assert.isTrue(left > 30_000 && left <= 120_000, `${left} milliseconds left`)
    })
  )

  it.live("renew the lease of a probe that runs longer, until it closes them for all", () =>
    Effect.gen(function* () {
      const { one, two } = yield* twoProcesses({ ...shortly, probeLease: Duration.millis(300) })
      yield* fail(one)
      const gate = yield* Deferred.make<void>()
      const { fiber } = yield* probe(one.guard(key), Deferred.await(gate))
      // Three times the lease.
      for (let i = 0; i < 18; i++) {
        yield* Effect.sleep("50 millis")
        for (const breaker of [one, two]) assert.strictEqual((yield* rejection(breaker)).state, "half-open")
      }
      yield* Deferred.succeed(gate, undefined)
      yield* Fiber.join(fiber)
      assert.strictEqual(yield* tag(one), "Closed")
      assert.strictEqual(yield* succeed(two), "answer")
    })
  )

  it.live("lend one probe, however many ask at once", () =>
    Effect.gen(function* () {
      const { one, two } = yield* twoProcesses(shortly)
      yield* fail(one)
      const gate = yield* Deferred.make<void>()
      const first = yield* probe(one.guard(key), Effect.interrupt)
      yield* Fiber.await(first.fiber)
      let made = 0
      const attempt = Effect.andThen(
        Effect.sync(() => (made += 1)),
        Deferred.await(gate)
      )
      const calls = yield* Effect.forEach(
        Array.from({ length: 100 }, (_, i) => (i % 2 === 0 ? one : two)),
        (breaker) => Effect.forkChild(Effect.exit(breaker.guard(key)(attempt)))
      )
      const rejected = Effect.sync(() => calls.filter((call) => call.pollUnsafe() !== undefined).length)
      yield* until(Effect.map(rejected, (count) => count === 99))
      assert.strictEqual(made, 1)
      yield* Deferred.succeed(gate, undefined)
      const exits = yield* Effect.forEach(calls, Fiber.join)
      assert.strictEqual(exits.filter(Exit.isSuccess).length, 1)
    })
  )

  it.live("give the probe of an interrupted call or stream to the next", () =>
    Effect.gen(function* () {
      const { one, two } = yield* twoProcesses({ ...shortly, probeLease: Duration.minutes(10) })
      yield* fail(one)
      const asStream = (attempt: Effect.Effect<never>) =>
        Stream.runDrain(
          CircuitBreaker.stage(one).stream(() => Stream.fromEffect(attempt))({
            account: "moonshot",
            provider: "moonshot",
            request: { model: "kimi-k3", messages: [] }
          })
        )
      for (const guard of [one.guard(key), asStream]) {
        const { fiber } = yield* probe(guard, Effect.never)
        assert.strictEqual((yield* rejection(two)).state, "half-open")
        yield* Fiber.interrupt(fiber)
        assert.strictEqual(yield* tag(two), "HalfOpen")
      }
      assert.strictEqual(yield* succeed(two), "answer")
    })
  )

  it.live("leave no probe behind after a thousand interruptions at any moment", () =>
    Effect.gen(function* () {
      const { one, two } = yield* twoProcesses({ ...shortly, probeLease: Duration.minutes(10) })
      yield* fail(one)
      const first = yield* probe(one.guard(key), Effect.interrupt)
      yield* Fiber.await(first.fiber)
      let probes = 0
      const attempt = Effect.andThen(
        Effect.sync(() => (probes += 1)),
        Effect.delay(Effect.interrupt, "1 millis")
      )
      const once = Effect.gen(function* () {
        const breaker = (yield* Random.nextBoolean) ? one : two
        const fiber = yield* Effect.forkChild(breaker.guard(key)(attempt))
        const turns = yield* Random.nextIntBetween(0, 200)
        for (let turn = 0; turn < turns; turn++) yield* Effect.yieldNow
        yield* Fiber.interrupt(fiber)
      })
      yield* Effect.all(
        Array.from({ length: 1_000 }, () => once),
        { concurrency: 8, discard: true }
      )
      assert.isAbove(probes, 0)
      assert.strictEqual(yield* tag(one), "HalfOpen")
      assert.strictEqual(yield* succeed(two), "answer")
    }).pipe(Random.withSeed("interruptions on Redis"))
  )

  it.live("follow forceOpen or reset of any process in any state", () =>
    Effect.gen(function* () {
      const { one, two } = yield* twoProcesses()
      yield* one.forceOpen(key)
      assert.strictEqual((yield* rejection(two)).state, "open")
      yield* two.forceOpen(key)
      assert.strictEqual((yield* rejection(one)).state, "open")
      yield* one.reset(key)
      // Its outcome belongs to the life before.
      const late = two.guard(key)(Effect.andThen(one.reset(key), Effect.fail(broken)))
      for (let i = 0; i < 3; i++) yield* Effect.flip(late)
      assert.strictEqual(yield* succeed(two), "answer")
    })
  )

  it.live("expire in Redis when they are not used", () =>
    Effect.gen(function* () {
      const { one, keyPrefix } = yield* twoProcesses({ idleTimeToLive: Duration.minutes(1) })
      const { send } = yield* connect()
      yield* fail(one)
      assert.deepStrictEqual(yield* send("KEYS", `${keyPrefix}*`), [`${keyPrefix}${key}`])
      assert.isAbove(yield* send<number>("PTTL", `${keyPrefix}${key}`), 0)
    })
  )

  it.live("are removed from Redis by a reset", () =>
    Effect.gen(function* () {
      const { one, keyPrefix } = yield* twoProcesses()
      const { send } = yield* connect()
      yield* fail(one)
      yield* one.reset(key)
      assert.deepStrictEqual(yield* send("KEYS", `${keyPrefix}*`), [])
    })
  )

  it.live("are separate under another keyPrefix", () =>
    Effect.gen(function* () {
      const { one } = yield* twoProcesses()
      const other = yield* processOn(yield* connect(), { keyPrefix: uniquePrefix() })
      yield* fail(one, 3)
      assert.strictEqual(yield* succeed(other), "answer")
    })
  )
})

describe.skipIf(!hasServer)("circuits on a Redis that goes away", () => {
  /** The log lines of the circuits. */
  const logged = () => {
    const lines: Array<string> = []
    const logger = Logger.make(({ logLevel, message }) => {
      const text = String(Array.isArray(message) ? message[0] : message)
      if (text.startsWith("The store of shared circuits")) lines.push(`${logLevel}: ${text}`)
    })
    return { lines, layer: Logger.layer([logger]) }
  }
  /** A connection that counts commands. */
  const counting = (redis: Redis.Redis["Service"]) => {
    let asked = 0
    const counted: Redis.Redis["Service"]["send"] = (command, ...args) =>
      Effect.suspend(() => {
        asked += 1
        return redis.send(command, ...args)
      })
    return { asked: () => asked, redis: { ...redis, send: counted } }
  }

  const away =
    "Warn: The store of shared circuits is unavailable: calls are made without a circuit breaker until it is available again"
  const back = "Info: The store of shared circuits is available again"

  for (const [what, begin, end] of [
    ["is killed and started again", "kill", "restart"],
    ["stops replying and continues", "pause", "resume"]
  ] as const) {
    it.live(`when it ${what}: calls continue without it until it is back`, () => {
      const { layer, lines } = logged()
      return Effect.gen(function* () {
        const server = yield* privateRedis
        const { asked, redis } = counting(yield* connect(server.port))
        const options = {
          keyPrefix: uniquePrefix(),
          timeout: Duration.seconds(1),
          cooldown: Duration.millis(400)
        }
        const one = yield* processOn(redis, options)
        const two = yield* processOn(yield* connect(server.port), options)
        const durations: Array<number> = []
        const call = Effect.map(Effect.timed(one.guard(key)(Effect.sleep("20 millis"))), ([duration]) =>
          durations.push(Duration.toMillis(duration))
        )
        const callers = 20
        const traffic = yield* Effect.forkChild(
          Effect.all(
            Array.from({ length: callers }, () => Effect.repeat(call, { times: 99 })),
            { concurrency: "unbounded", discard: true }
          )
        )
        yield* until(Effect.sync(() => durations.length >= 200))
        yield* server[begin]
        const before = asked()
        const [lasted] = yield* Effect.timed(Fiber.join(traffic))
        assert.strictEqual(durations.length, callers * 100)
        // At most a second for Redis at each end of a call; the rest is room for a busy machine.
        assert.isBelow(Math.max(...durations), 5_000)
        // Every caller finds out once, and then one per cool-down.
        assert.isAtMost(asked() - before, callers + Duration.toMillis(lasted) / 400 + 1)
        assert.deepStrictEqual(lines, [away])
        yield* server[end]
        // The next call finds out.
        yield* until(Effect.map(Effect.exit(succeed(one)), () => lines.length === 2))
        assert.deepStrictEqual(lines, [away, back])
        yield* until(Effect.map(fail(two), (error) => error._tag === "CircuitOpenError"))
        yield* until(Effect.map(Effect.exit(succeed(one)), Exit.isFailure))
        assert.strictEqual((yield* rejection(one)).state, "open")
      }).pipe(Effect.provide(layer))
    })
  }
})
