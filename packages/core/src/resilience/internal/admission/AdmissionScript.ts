/**
 * The shared usage of an account: one script, which Redis runs atomically.
 * `RedisAccount` is its only user.
 *
 * The minute is kept in slots of 100 milliseconds and the day in slots of a
 * minute, as in `RateWindow`, by the clock of Redis. Permits are leased, so that
 * those of a killed process expire. Processes that were refused are served in
 * turn: what each requested is reserved against later ones until its next request;
 * otherwise a process with constant requests would starve the others.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type * as Redis from "../../../Redis.ts"
import type { RateLimits } from "../../RateLimits.ts"
import { lua } from "./AdmissionLua.ts"
import type { RateName } from "./EffectiveLimits.ts"
import type { DailyUsageTotals, UsageTotals } from "./UsageWindow.ts"

type Argument = string | number

const script: Redis.Script = { name: "admission", lua }

type RawReply = readonly [Reply["status"], number, string, number, number, number, number, number, number]

/** The limits by the number that the script reports. */
const rates: ReadonlyArray<RateName | undefined> = [
  undefined,
  undefined,
  "requestsPerMinute",
  "tokensPerMinute",
  "tokensPerDay"
]

/**
 * The reply of the script.
 *
 * @category models
 * @since 0.1.0
 */
export interface Reply {
  /** Done; refused for a time; refused until a call ends; or Redis has lost its data. */
  readonly status: "ok" | "wait" | "full" | "reset"
  /** Milliseconds for which there is certainly no capacity. */
  readonly waitMillis: number
  /** The limit for which there is no capacity; absent for a pause. */
  readonly rate?: RateName | undefined
  /** Milliseconds for which a restarted Redis may lack usage. */
  readonly uncertainMillis: number
  readonly requests: number
  readonly tokens: number
  readonly daily: number
  readonly inFlight: number
}

/**
 * The script for one account.
 *
 * @category models
 * @since 0.1.0
 */
export interface AdmissionScript {
  /** Acquires a permit if there is capacity. */
  readonly acquire: (permit: string, tokens: number, limits: RateLimits) => Effect.Effect<Reply, Redis.RedisError>
  /** Releases a permit, and pauses all processes for some milliseconds. */
  readonly release: (permit: string, pauseMillis: number) => Effect.Effect<Reply, Redis.RedisError>
  /** Extends the lease of held permits, and removes released ones. */
  readonly renew: (held: Iterable<string>, released: Iterable<string>) => Effect.Effect<Reply, Redis.RedisError>
  /**
   * Counts what was used without Redis. `to` is the total since this process
   * started; `from` is how much of it Redis has confirmed. If Redis has lost its
   * data, `lately` is counted instead: all recent usage of this process.
   */
  readonly report: (
    from: UsageTotals,
    to: UsageTotals,
    lately: DailyUsageTotals
  ) => Effect.Effect<Reply, Redis.RedisError>
}

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  readonly keyPrefix: string
  readonly leaseMillis: number
  readonly minuteMillis: number
  readonly dayMillis: number
  /** The unique id of this process. */
  readonly processId: string
}

const noUsage: UsageTotals = { requests: 0, tokens: 0 }

/**
 * @category constructors
 * @since 0.1.0
 */
export const make = (redis: Redis.Redis["Service"], account: string, options: Options): AdmissionScript => {
  const { dayMillis, leaseMillis, minuteMillis, processId } = options
  // The braces keep an account's keys on one node of a cluster.
  const name = `${options.keyPrefix}{${account}}`
  const keys = [
    `${name}:state`,
    `${name}:minute`,
    `${name}:day`,
    `${name}:permits`,
    `${name}:turns`,
    `${name}:reported:${processId}`
  ]
  let known = ""
  const run = (op: string, permit: string, { requests, tokens }: UsageTotals, rest: ReadonlyArray<Argument>) => {
    const head = [op, known, processId, permit, leaseMillis, requests, tokens, Math.ceil(minuteMillis)]
    return Effect.map(redis.run<RawReply>(script, keys, [...head, Math.ceil(dayMillis), ...rest]), (reply): Reply => {
      const [status, waitMillis, generation, uncertainMillis, requests, tokens, daily, inFlight, reason] = reply
      // After a reset, usage has to be reported first: only then is the new generation the known one.
      if (known === "" || op === "report") known = generation
      return { status, waitMillis, rate: rates[reason], uncertainMillis, requests, tokens, daily, inFlight }
    })
  }
  const limit = (value: number | undefined): number => value ?? -1
  return {
    acquire: (permit, tokens, limits) =>
      run("acquire", permit, { requests: 1, tokens }, [
        limit(limits.concurrency),
        limit(limits.requestsPerMinute),
        limit(limits.tokensPerMinute),
        limit(limits.tokensPerDay)
      ]),
    release: (permit, pauseMillis) => run("release", permit, noUsage, [Math.min(Math.ceil(pauseMillis), dayMillis)]),
    renew: (held, released) => {
      const renewed = [...held]
      return run("renew", "", noUsage, [renewed.length, ...renewed, ...released])
    },
    report: (from, to, lately) =>
      run("report", "", to, [from.requests, from.tokens, lately.requests, lately.tokens, lately.daily])
  }
}
