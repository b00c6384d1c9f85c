/**
 * A door that decides together with other processes, through Redis.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import type * as Scope from "effect/Scope"
import * as Redis from "../../../Redis.ts"
import * as AdmissionScript from "./AdmissionScript.ts"
import type { AccountState, Limiter } from "./Limiter.ts"
import type * as LocalLimiter from "./LocalLimiter.ts"
import * as RedisAccount from "./RedisAccount.ts"
import * as StoreOutage from "../../../internal/StoreOutage.ts"

/**
 * @category options
 * @since 0.1.0
 */
export interface Options extends LocalLimiter.Options {
  /** Before every key in Redis. */
  readonly keyPrefix: string
  /** Part of the limits that this process keeps to while Redis is away, over 0 to 1. */
  readonly localShare: number
  /** Longest wait for an answer of Redis. */
  readonly timeout: Duration.Duration
  /** How long Redis is left alone after it failed. */
  readonly cooldown: Duration.Duration
  /** How long the places of a process that died are held. */
  readonly lease: Duration.Duration
}

/**
 * @category constructors
 * @since 0.1.0
 */
export const make = (given: Options): Effect.Effect<Limiter, never, Redis.Redis | Scope.Scope> =>
  Effect.gen(function* () {
    const patience = { maxQueue: given.maxQueue, maxWait: given.maxWait }
    let options = given
    const redis = yield* Redis.Redis
    const context = yield* Effect.context<never>()
    const percent = Math.round(options.localShare * 100)
    const outage = yield* StoreOutage.make({
      timeout: options.timeout,
      cooldown: options.cooldown,
      unavailableMessage: `Redis is away: this process keeps to ${percent} % of the account's limits until it is back`,
      recoveredMessage: "Redis is back: the account's limits are shared again"
    })
    // Closing the door waits until Redis has heard of the calls that ended last, or its time is up.
    const fork = yield* FiberSet.makeRuntime<never, void, never>()
    const background = (effect: Effect.Effect<void>): void => void fork(effect)
    const accounts = new Map<string, RedisAccount.RedisAccount>()
    const marginMillis = Duration.toMillis(options.margin)
    const process = crypto.randomUUID()
    let places = 0

    const open = (name: string): RedisAccount.RedisAccount => {
      const script = AdmissionScript.make(redis, name, {
        keyPrefix: options.keyPrefix,
        leaseMillis: Duration.toMillis(options.lease),
        minuteMillis: 60_000 + marginMillis,
        dayMillis: 86_400_000 + marginMillis,
        processId: process
      })
      return RedisAccount.make({
        name,
        limits: options.limitsOf(name),
        localShare: options.localShare,
        marginMillis,
        retryMillis: Math.max(Duration.toMillis(options.cooldown), AdmissionScript.pollMillis),
        queueLimits: patience,
        script,
        outage,
        nextPermitId: () => `${process}:${(places += 1)}`,
        onStoreUnavailable: () => {
          for (const account of accounts.values()) account.markStale()
        },
        runInBackground: background,
        context
      })
    }

    const accountOf = (name: string): RedisAccount.RedisAccount => {
      const known = accounts.get(name)
      if (known !== undefined) return known
      const account = open(name)
      accounts.set(name, account)
      return account
    }

    yield* Effect.suspend(() => Effect.forEach([...accounts.values()], ({ renew }) => renew, { discard: true })).pipe(
      Effect.delay(Duration.times(options.lease, 1 / 3)),
      Effect.forever,
      Effect.forkScoped
    )

    return {
      acquire: (ask, restore) => Effect.suspend(() => accountOf(ask.account).acquire(ask, restore)),
      states: Effect.sync(() => {
        const states = new Map<string, AccountState>()
        for (const [name, { state }] of accounts) states.set(name, state())
        return states
      }),
      change: ({ limitsOf, maxQueue = patience.maxQueue, maxWait = patience.maxWait }) =>
        Effect.sync(() => {
          Object.assign(patience, { maxQueue, maxWait })
          if (limitsOf === undefined) return
          options = { ...options, limitsOf: (account) => limitsOf(account) ?? {} }
          for (const [name, account] of accounts) {
            const changed = limitsOf(name)
            if (changed !== undefined) account.change(changed)
          }
        })
    }
  })
