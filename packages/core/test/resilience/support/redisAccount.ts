/**
 * One account on Redis whose replies a test controls.
 */
import { Duration, Effect, FiberSet } from "effect"
import * as StoreOutage from "../../../src/internal/StoreOutage.ts"
import * as Redis from "../../../src/Redis.ts"
import type { AdmissionScript, Reply } from "../../../src/resilience/internal/admission/AdmissionScript.ts"
import { RedisAccount } from "../../../src/resilience/internal/admission/RedisAccount.ts"
import type { RateLimits } from "../../../src/resilience/RateLimits.ts"
import { start } from "./admission.ts"

type Operation = keyof AdmissionScript

const ok: Reply = { status: "ok", waitMillis: 0, uncertainMillis: 0, requests: 0, tokens: 0, daily: 0, inFlight: 0 }

export const died = Effect.fail(Redis.fromCause("admission", new Error("gone")))

/** Redis is not used for a second after a failure. */
export const makeRedisAccount = Effect.fnUntraced(function* (limits: RateLimits, localShare = 1, maxQueue = 10) {
  const context = yield* Effect.context<never>()
  const fork = yield* FiberSet.makeRuntime<never, void, never>()
  const outage = yield* StoreOutage.make({
    timeout: Duration.millis(250),
    cooldown: Duration.seconds(1),
    unavailableMessage: "unavailable",
    recoveredMessage: "recovered"
  })
  /** Operations with the ids and amounts that they state. */
  const commands: Array<string> = []
  /** Why effects in the background have failed. */
  const defects: Array<unknown> = []
  const settings = {
    /** What a reply states, apart from success. */
    reply: (_operation: Operation): Effect.Effect<Partial<Reply>, Redis.RedisError> => Effect.succeed({})
  }
  const run = (operation: Operation, ...rest: ReadonlyArray<string | number>) =>
    Effect.suspend(() => {
      commands.push([operation, ...rest].join(" "))
      return Effect.map(settings.reply(operation), (changes) => ({ ...ok, ...changes }))
    })
  let permits = 0
  const account: RedisAccount = new RedisAccount({
    name: "moonshot",
    limits,
    localShare,
    marginMillis: 0,
    retryMillis: 1_000,
    queueLimits: { maxWait: Duration.minutes(5), maxQueue },
    script: {
      acquire: (permit, tokens) => run("acquire", permit, tokens),
      release: (permit) => run("release", permit),
      renew: (held, released) => run("renew", `held ${[...held].join("+")}`, `released ${[...released].join("+")}`),
      report: (_from, to) => run("report", to.requests)
    },
    outage,
    nextPermitId: () => String((permits += 1)),
    onStoreUnavailable: () => account.markStale(),
    runInBackground: (effect) =>
      void fork(Effect.catchCause(effect, (cause) => Effect.sync(() => void defects.push(cause)))),
    context
  })
  const acquire = (tokens = 0) =>
    Effect.uninterruptibleMask((restore) => account.acquire({ account: "moonshot", tokens: () => tokens }, restore))
  return {
    account,
    acquire,
    /** A call that may have to wait. */
    call: (tokens = 0) => start(acquire(tokens)),
    commands,
    count: (operation: Operation) => commands.filter((command) => command.startsWith(operation)).length,
    defects,
    settings
  }
})
