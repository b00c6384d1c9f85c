/**
 * A door that decides in this process.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { AdmissionLimitError } from "../../../errors/ResilienceErrors.ts"
import { AccountLimits } from "./AccountLimits.ts"
import type { AccountState, Limiter, QueueLimits } from "./Limiter.ts"
import type { RateLimits } from "../../RateLimits.ts"
import * as WaitQueue from "./WaitQueue.ts"

/**
 * @category options
 * @since 0.1.0
 */
export interface Options extends QueueLimits {
  /** The limits of an account. */
  readonly limitsOf: (account: string) => RateLimits
  /** Added to every window of time, for calls that reach the host closer together than they were sent. */
  readonly margin: Duration.Duration
}

interface Account {
  readonly limits: AccountLimits
  readonly queue: WaitQueue.WaitQueue
  readonly admit: (tokens: number, now: number) => WaitQueue.RevocablePermit
}

/**
 * The error of a call that no waiting helps.
 *
 * @category errors
 * @since 0.1.0
 */
export const limitExceeded = (
  account: string,
  tokens: number,
  excess: NonNullable<ReturnType<AccountLimits["exceededLimit"]>>
) =>
  new AdmissionLimitError({
    message: `The call counts for ${tokens} tokens, and ${account} has ${excess.limit} ${excess.kind}`,
    account,
    tokens,
    ...excess
  })

/**
 * Estimates in milliseconds how long so many calls and tokens take, when a
 * call holds its place for `held`.
 *
 * @category getters
 * @since 0.1.0
 */
export const estimateWait = (
  limits: AccountLimits,
  calls: number,
  tokens: number,
  now: number,
  held: number
): number => {
  const { concurrency, requestsPerMinute, tokensPerDay = tokens, tokensPerMinute = tokens } = limits.limits
  const ready = limits.waitMillis(Math.min(tokens, tokensPerMinute, tokensPerDay), now)
  return Math.max(
    Number.isFinite(ready) ? ready : held,
    requestsPerMinute === undefined ? 0 : (60_000 * calls) / requestsPerMinute,
    limits.limits.tokensPerMinute === undefined ? 0 : (60_000 * tokens) / tokensPerMinute,
    concurrency === undefined ? 0 : (held * calls) / concurrency
  )
}

/** `patience` is read when a call comes, and may change. */
const makeAccount = (
  name: string,
  options: Options,
  patience: QueueLimits,
  context: Context.Context<never>
): Account => {
  const clock = Context.get(context, Clock.Clock)
  const limits = new AccountLimits(options.limitsOf(name), Duration.toMillis(options.margin))
  /** Mean time that a call holds its place, in milliseconds, for estimates. */
  let held = 0

  const admit = (asked: number, now: number): WaitQueue.RevocablePermit => {
    // What is not counted now must not be taken back when tokens count later.
    const tokens = limits.countsTokens ? asked : 0
    limits.acquire(tokens, now)
    let isHeld = true
    const end = (settle: (later: number) => void) =>
      Effect.sync(() => {
        if (!isHeld) return
        isHeld = false
        settle(clock.currentTimeMillisUnsafe())
        if (room.size() > 0) room.dispatch()
      })
    return {
      recordRateStatus: (status) => limits.recordRateStatus(status, clock.currentTimeMillisUnsafe()),
      release: (outcome) =>
        end((later) => {
          limits.release()
          held += (later - now - held) / 8
          if (outcome === "success") limits.recordSuccess(later)
          else if (outcome !== "interrupted") limits.recordFailure(outcome, later)
        }),
      revoke: end((later) => limits.cancel(tokens, now, later))
    }
  }

  const decide: WaitQueue.AdmissionPolicy["decide"] = ({ tokens }, now) => {
    const excess = limits.exceededLimit(tokens)
    if (excess !== undefined) return limitExceeded(name, tokens, excess)
    const wait = limits.waitMillis(tokens, now)
    return wait === 0 ? admit(tokens, now) : wait
  }

  const room = WaitQueue.make(
    name,
    patience,
    { decide, estimateWait: (calls, tokens, now) => estimateWait(limits, calls, tokens, now, held) },
    context
  )
  return { limits, queue: room, admit }
}

/**
 * @category models
 * @since 0.1.0
 */
export interface LocalLimiter extends Limiter {
  /**
   * Begins anew with an account, whose name now stands for another host:
   * nothing is counted and nothing was learned. Calls that run or wait go on
   * as they are.
   */
  readonly reset: (account: string) => Effect.Effect<void>
}

/**
 * @category constructors
 * @since 0.1.0
 */
export const make = (given: Options): Effect.Effect<LocalLimiter> =>
  Effect.map(Effect.context<never>(), (context) => {
    const clock = Context.get(context, Clock.Clock)
    const accounts = new Map<string, Account>()
    const patience = { maxQueue: given.maxQueue, maxWait: given.maxWait }
    let options = given

    const accountOf = (name: string): Account => {
      const known = accounts.get(name)
      if (known !== undefined) return known
      const account = makeAccount(name, options, patience, context)
      accounts.set(name, account)
      return account
    }

    return {
      acquire: (ask, restore) =>
        Effect.suspend(() => {
          const { admit, limits, queue: room } = accountOf(ask.account)
          const now = clock.currentTimeMillisUnsafe()
          const tokens = limits.countsTokens ? ask.tokens() : 0
          const excess = limits.exceededLimit(tokens)
          if (excess !== undefined) return Effect.fail(limitExceeded(ask.account, tokens, excess))
          const wait = limits.waitMillis(tokens, now)
          if (wait === 0 && room.size() === 0) return Effect.succeed(admit(tokens, now))
          // Tokens may begin to count while the call waits.
          return room.wait(ask, limits.countsTokens ? tokens : ask.tokens(), wait, restore)
        }),
      states: Effect.sync(() => {
        const now = clock.currentTimeMillisUnsafe()
        const states = new Map<string, AccountState>()
        for (const [name, { limits, queue: room }] of accounts) {
          states.set(name, { ...limits.usage(now), limits: limits.limits, ...room.state() })
        }
        return states
      }),
      change: ({ limitsOf, maxQueue = patience.maxQueue, maxWait = patience.maxWait }) =>
        Effect.sync(() => {
          Object.assign(patience, { maxQueue, maxWait })
          if (limitsOf === undefined) return
          options = { ...options, limitsOf: (account) => limitsOf(account) ?? {} }
          for (const [name, { limits, queue: room }] of accounts) {
            const changed = limitsOf(name)
            if (changed === undefined) continue
            limits.change(changed)
            room.dispatch()
          }
        }),
      reset: (account) => Effect.sync(() => void accounts.delete(account))
    }
  })
