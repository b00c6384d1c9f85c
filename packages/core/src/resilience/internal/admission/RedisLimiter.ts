/**
 * A limiter that decides across processes, through Redis.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import type * as Scope from "effect/Scope"
import * as Redis from "../../../Redis.ts"
import * as StoreOutage from "../../../internal/StoreOutage.ts"
import { AccountRegistry } from "./AccountRegistry.ts"
import { pollMillis } from "./AdmissionLua.ts"
import * as AdmissionScript from "./AdmissionScript.ts"
import type { Limiter } from "./Limiter.ts"
import type * as LocalLimiter from "./LocalLimiter.ts"
import { RedisAccount } from "./RedisAccount.ts"
import { dayMillis, minuteMillis } from "./UsageWindow.ts"

/**
 * @category options
 * @since 0.1.0
 */
export interface Options extends LocalLimiter.Options {
  /** Prefix of every key in Redis. */
  readonly keyPrefix: string
  /** The fraction of the limits that this process uses while Redis is unavailable, above 0 and at most 1. */
  readonly localShare: number
  /** The longest wait for a reply of Redis. */
  readonly timeout: Duration.Duration
  /** How long Redis is not used after a failure. */
  readonly cooldown: Duration.Duration
  /** How long the permits of a process that died are held. */
  readonly lease: Duration.Duration
}

/**
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: Options): Effect.Effect<Limiter, never, Redis.Redis | Scope.Scope> =>
  Effect.gen(function* () {
    const { cooldown, keyPrefix, lease, localShare } = options
    const redis = yield* Redis.Redis
    const context = yield* Effect.context<never>()
    const percent = Math.round(localShare * 100)
    const outage = yield* StoreOutage.make({
      timeout: options.timeout,
      cooldown,
      unavailableMessage: `Redis is unavailable: this process uses ${percent} % of the account's limits until it is available again`,
      recoveredMessage: "Redis is available again: the account's limits are shared"
    })
    // Closing the scope waits until Redis has received the latest releases, or the timeout has passed.
    const fork = yield* FiberSet.makeRuntime<never, void, never>()
    const marginMillis = Duration.toMillis(options.margin)
    const processId = crypto.randomUUID()
    const scriptOptions: AdmissionScript.Options = {
      keyPrefix,
      leaseMillis: Duration.toMillis(lease),
      minuteMillis: minuteMillis + marginMillis,
      dayMillis: dayMillis + marginMillis,
      processId
    }
    let permits = 0
    const accounts: AccountRegistry<RedisAccount> = new AccountRegistry(
      options,
      (name, limits, queueLimits) =>
        new RedisAccount({
          name,
          limits,
          localShare,
          marginMillis,
          retryMillis: Math.max(Duration.toMillis(cooldown), pollMillis),
          queueLimits,
          script: AdmissionScript.make(redis, name, scriptOptions),
          outage,
          nextPermitId: () => `${processId}:${(permits += 1)}`,
          onStoreUnavailable: () => {
            for (const account of accounts.values()) account.markStale()
          },
          runInBackground: (effect) => void fork(effect),
          context
        })
    )

    yield* Effect.suspend(() =>
      Effect.forEach([...accounts.values()], (account) => account.renew(), { discard: true })
    ).pipe(Effect.delay(Duration.times(lease, 1 / 3)), Effect.forever, Effect.forkScoped)

    return {
      acquire: (request, restore) => Effect.suspend(() => accounts.get(request.account).acquire(request, restore)),
      states: accounts.states,
      change: (changes) => accounts.change(changes)
    }
  })
