/**
 * A limiter that decides within this process.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as AccountRegistry from "./AccountRegistry.ts"
import type { Limiter } from "./Limiter.ts"
import { LocalAccount } from "./LocalAccount.ts"

/**
 * @category options
 * @since 0.1.0
 */
export interface Options extends AccountRegistry.Options {
  /** Added to every time window, for calls that reach the host closer together than they were sent. */
  readonly margin: Duration.Duration
}

/**
 * @category models
 * @since 0.1.0
 */
export interface LocalLimiter extends Limiter {
  /**
   * Resets an account whose name now stands for another host: its usage and
   * what was learned are dropped. Running and waiting calls continue unchanged.
   */
  readonly reset: (account: string) => Effect.Effect<void>
}

/**
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: Options): Effect.Effect<LocalLimiter> =>
  Effect.map(Effect.context<never>(), (context) => {
    const marginMillis = Duration.toMillis(options.margin)
    const accounts = new AccountRegistry.AccountRegistry(
      options,
      (name, limits, queueLimits) => new LocalAccount(name, limits, marginMillis, queueLimits, context)
    )
    return {
      acquire: (request, restore) => Effect.suspend(() => accounts.get(request.account).acquire(request, restore)),
      states: accounts.states,
      change: (changes) => accounts.change(changes),
      reset: (account) => Effect.sync(() => accounts.delete(account))
    }
  })
