/**
 * Where the ledger of a budget is kept: in this process, in a SQLite file
 * (`@kimi-effect/client/node`), or in a Redis that several processes share.
 * `Ledger` describes the operations; each of them is atomic.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { loadModule } from "../internal/ModuleLoader.ts"
import type { ConfigurationError } from "../errors/ConfigurationErrors.ts"
import * as MonotonicClock from "../internal/MonotonicClock.ts"
import * as OptionRules from "../internal/OptionRules.ts"
import type { Redis } from "../Redis.ts"
import { type Hold, Ledger, type ReserveResult, type SpentChange } from "./internal/Ledger.ts"
import { BudgetStore } from "./internal/BudgetStoreService.ts"
import * as ImmediateStores from "./internal/ImmediateStores.ts"
import type * as RedisLedger from "./internal/RedisLedger.ts"

export { BudgetStore } from "./internal/BudgetStoreService.ts"
export type { Options as RedisOptions } from "./internal/RedisLedger.ts"
export { storeError } from "./internal/storeError.ts"

/**
 * The reply to a reservation.
 *
 * @category models
 * @since 0.1.0
 */
export interface ReserveReply {
  readonly result: ReserveResult
  /** Changes by reservations that had expired. */
  readonly changes: ReadonlyArray<SpentChange>
}

/**
 * @category options
 * @since 0.1.0
 */
export interface MemoryOptions {
  /**
   * Maximum number of scopes. Spent amounts are never dropped, so a call that
   * would need another scope is refused. Defaults to 100,000.
   */
  readonly maxScopes?: number | undefined
}

const makeLedger = (maxScopes: number): Effect.Effect<BudgetStore["Service"]> =>
  Effect.map(Clock.Clock, (clock) => {
    const ledger = new Ledger(maxScopes)
    // A lease is a duration; a scope belongs to the calendar.
    const now = (): number => MonotonicClock.millisUnsafe(clock)
    const lateUnix = MonotonicClock.makeLateUnix(clock)
    const settleExpired = (at: number) => {
      const changes = ledger.settleExpired(at)
      ledger.forget(lateUnix(at))
      return changes
    }
    const reserve = (hold: Hold, leaseMillis: number): ReserveReply => {
      const at = now()
      const changes = settleExpired(at)
      return { result: ledger.reserve(hold, at + leaseMillis), changes }
    }
    const settle = (id: string, used: bigint) => ledger.settle(id, used)
    const store: BudgetStore["Service"] = {
      name: "memory",
      reserve: (hold, leaseMillis) => Effect.sync(() => reserve(hold, leaseMillis)),
      settle: (id, used) => Effect.sync(() => settle(id, used)),
      renew: (ids, leaseMillis) =>
        Effect.sync(() => {
          const at = now()
          // A process that renews is alive, however late it is.
          ledger.renew(ids, at + leaseMillis)
          return settleExpired(at)
        }),
      scopeBalances: Effect.sync(() => {
        settleExpired(now())
        return ledger.scopeBalances()
      })
    }
    return ImmediateStores.mark(store, { reserve, settle })
  })

/**
 * A ledger in this process. It is lost when the process ends.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeMemory = ({ maxScopes = 100_000 }: MemoryOptions = {}): Effect.Effect<
  BudgetStore["Service"],
  ConfigurationError
> =>
  Effect.andThen(
    OptionRules.check("BudgetStore", [OptionRules.positiveInteger("maxScopes", maxScopes)]),
    makeLedger(maxScopes)
  )

/**
 * A ledger in this process. It is lost when the process ends.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerMemory = (options?: MemoryOptions): Layer.Layer<BudgetStore, ConfigurationError> =>
  OptionRules.layerOf("BudgetStore", options, (options) => Layer.effect(BudgetStore, makeMemory(options)))

/**
 * The same as `layerMemory`.
 *
 * @alias layerMemory
 *
 * @category layers
 * @since 0.1.0
 */
export const layer: typeof layerMemory = layerMemory

/**
 * A ledger in Redis, shared by all processes that use the same Redis, key
 * prefix and name.
 *
 * **Gotchas**
 *
 * - A Redis that loses its data loses what was spent. Enable its log
 *   (`appendonly yes`) and disable eviction (`noeviction`).
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeRedis = (
  options?: RedisLedger.Options
): Effect.Effect<BudgetStore["Service"], ConfigurationError, Redis> =>
  Effect.flatMap(
    loadModule(() => import("./internal/RedisLedger.ts")),
    ({ make }) => make(options)
  )

/**
 * A ledger in Redis, as `makeRedis` describes it.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerRedis = (options?: RedisLedger.Options): Layer.Layer<BudgetStore, ConfigurationError, Redis> =>
  OptionRules.layerOf("BudgetStore", options, (options) => Layer.effect(BudgetStore, makeRedis(options)))
