/**
 * The accounts of one limiter: each is created when it is first used.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type { RateLimits } from "../../RateLimits.ts"
import type { AccountState, Changes, QueueLimits } from "./Limiter.ts"

/**
 * @category models
 * @since 0.1.0
 */
export interface Account {
  /** Whether the account may be forgotten: nothing runs, waits or has to be reported. */
  readonly isIdle: () => boolean
  readonly change: (limits: RateLimits) => void
  readonly state: () => AccountState
}

/**
 * @category options
 * @since 0.1.0
 */
export interface Options extends QueueLimits {
  /** The limits of an account. */
  readonly limitsOf: (account: string) => RateLimits
}

/** The largest number of accounts, above which idle ones are evicted: users of `Admission` choose the names. */
const maxAccounts = 1_024

/** Idle accounts among which one without usage is preferred. */
const maxCandidates = 32

/**
 * Accounts by name, with the limits and queue limits that may change.
 *
 * @category models
 * @since 0.1.0
 */
export class AccountRegistry<A extends Account> {
  readonly #accounts = new Map<string, A>()
  readonly #queueLimits: { -readonly [K in keyof QueueLimits]: QueueLimits[K] }
  readonly #create: (name: string, limits: RateLimits, queueLimits: QueueLimits) => A
  #limitsOf: (account: string) => RateLimits

  /** `create` receives queue limits that change in place. */
  constructor(
    { limitsOf, maxQueue, maxWait }: Options,
    create: (name: string, limits: RateLimits, queueLimits: QueueLimits) => A
  ) {
    this.#queueLimits = { maxQueue, maxWait }
    this.#limitsOf = limitsOf
    this.#create = create
  }

  /** The account of this name. */
  get(name: string): A {
    const existing = this.#accounts.get(name)
    if (existing !== undefined) return existing
    if (this.#accounts.size >= maxAccounts) this.#evictOne()
    const account = this.#create(name, this.#limitsOf(name), this.#queueLimits)
    this.#accounts.set(name, account)
    return account
  }

  /** Forgets an account. */
  delete(name: string): void {
    this.#accounts.delete(name)
  }

  /** All accounts that were used. */
  values(): Iterable<A> {
    return this.#accounts.values()
  }

  /** The state of every account, by name. */
  readonly states: Effect.Effect<ReadonlyMap<string, AccountState>> = Effect.sync(() => {
    const states = new Map<string, AccountState>()
    for (const [name, account] of this.#accounts) states.set(name, account.state())
    return states
  })

  /** Applies changes to all accounts, and to those that are created later. */
  change({ limitsOf, maxQueue, maxWait }: Changes): Effect.Effect<void> {
    return Effect.sync(() => {
      this.#queueLimits.maxQueue = maxQueue ?? this.#queueLimits.maxQueue
      this.#queueLimits.maxWait = maxWait ?? this.#queueLimits.maxWait
      if (limitsOf === undefined) return
      this.#limitsOf = (account) => limitsOf(account) ?? {}
      for (const [name, account] of this.#accounts) {
        const limits = limitsOf(name)
        if (limits !== undefined) account.change(limits)
      }
    })
  }

  /** Evicts the oldest idle account, preferably one whose usage of the minute and the day is over. */
  #evictOne(): void {
    let oldest: string | undefined
    let candidates = 0
    for (const [name, account] of this.#accounts) {
      if (!account.isIdle()) continue
      oldest ??= name
      const { requestsInMinute, tokensInDay } = account.state()
      if (requestsInMinute === 0 && tokensInDay === 0) return void this.#accounts.delete(name)
      if (++candidates === maxCandidates) break
    }
    if (oldest !== undefined) this.#accounts.delete(oldest)
  }
}
