import { assert, describe, it } from "@effect/vitest"
import { AdmissionTimeoutError } from "@kimi-effect/core/ResilienceErrors"
import * as Admission from "@kimi-effect/core/Admission"
import { Context, Duration, Effect, Fiber, Layer, Random } from "effect"
import * as Redis from "@kimi-effect/core/Redis"
import { connect, reachable, uniquePrefix } from "./support/redis.ts"

const account = "moonshot"
const ask = (tokens = 1) => ({ account, tokens: () => tokens })

/** A limiter with a separate connection. */
const open = Effect.fnUntraced(function* (options: Admission.RedisOptions) {
  const redis = yield* connect()
  const layer = Admission.layerRedis({ timeout: "10 seconds", ...options })
  const services = yield* Layer.build(Layer.provide(layer, Layer.succeed(Redis.Redis, redis)))
  const limiter = Context.get(services, Admission.Admission)
  const state = Effect.map(limiter.states, (states) => states.get(account))
  const held = redis.send<number>("ZCARD", `${options.keyPrefix}{${account}}:permits`)
  return { limiter, state, held }
})

const start = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.forkChild(effect, { startImmediately: true })

/** Waits until Redis has this number of permits. */
const untilHeld = (held: Effect.Effect<number, Redis.RedisError>, permits: number) =>
  Effect.repeat(held, { until: (now) => now === permits })

describe.skipIf(!reachable)("Admission.layerRedis", () => {
  it.live("releases all permits after 1,000 random interruptions", () =>
    Effect.gen(function* () {
      const chance = yield* Random.Random
      const options = { keyPrefix: uniquePrefix(), limits: { concurrency: 7 } }
      const limiters = [yield* open(options), yield* open(options)] as const
      let made = 0
      const attempt = Effect.suspend(() => {
        made += 1
        return Effect.sleep(Duration.millis(chance.nextDoubleUnsafe() * 4))
      })
      yield* Effect.forEach(
        Array.from({ length: 1_000 }, (_, index) => limiters[index % 2 === 0 ? 0 : 1].limiter),
        (limiter) =>
          Effect.gen(function* () {
            const fiber = yield* start(limiter.guard(ask())(attempt))
            yield* Effect.sleep(Duration.millis(chance.nextDoubleUnsafe() * 12))
            yield* Fiber.interrupt(fiber)
          }),
        { concurrency: 25, discard: true }
      )
      assert.isAbove(made, 50)
      for (const { held, state } of limiters) {
        yield* untilHeld(held, 0)
        assert.deepInclude(yield* state, { inFlight: 0, waiting: 0 })
      }
    }).pipe(Random.withSeed("interruptions"))
  )

  it.live("fails at once when the wait is known to be too long", () =>
    Effect.gen(function* () {
      const options = { keyPrefix: uniquePrefix(), limits: { requestsPerMinute: 1 }, maxWait: "10 seconds" } as const
      const [one, two] = [yield* open(options), yield* open(options)]
      yield* one.limiter.guard(ask())(Effect.void)
      const error = yield* Effect.flip(two.limiter.guard(ask())(Effect.die("made")))
      assert.instanceOf(error, AdmissionTimeoutError)
      assert.isAbove(Duration.toSeconds(error.retryAfter ?? Duration.zero), 50)
    })
  )
})
