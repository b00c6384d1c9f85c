/**
 * The books of a budget in one SQLite file, which several processes of a
 * machine may share and which outlives them.
 *
 * ```ts
 * SqliteBudget.layer({ path: "var/budget.db", caps: [{ per: ["day"], amount: "100", currency: "USD" }] })
 * ```
 *
 * **Details**
 *
 * - Every operation is one transaction that no other process comes between.
 * - A process that is killed leaves what it had reserved; that is paid at its
 *   worst price when its lease is over, because nobody can say what was used.
 * - A process that finds another one writing waits for it without stopping
 *   its own other work, up to the budget's `timeout`.
 *
 * **Gotchas**
 *
 * - The file system must be local: SQLite's log needs shared memory.
 * - A file that cannot be read is never begun anew: the money in it would be
 *   spent twice. The layer fails, and so do calls.
 *
 * @since 0.1.0
 */
import type { DatabaseSync } from "node:sqlite"
import type { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import * as OptionRules from "@kimi-effect/core/internal/OptionRules"
import type { BudgetStoreError } from "@kimi-effect/core/MoneyErrors"
import * as Budget from "@kimi-effect/core/Budget"
import * as BudgetStore from "@kimi-effect/core/BudgetStore"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import { busyCodes, codeOf, inTransaction, open, pragma } from "./internal/SqliteDatabase.ts"
import * as SqliteLedger from "./internal/SqliteLedger.ts"

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** Path of the file; it and its folder are created when they are missing, for their owner only. */
  readonly path: string
  /**
   * What the books survive without losing a line. A killed `process`, by
   * default; or also the loss of `power`, at the price of waiting for the disk
   * in every operation.
   */
  readonly durability?: "process" | "power" | undefined
}

const name = "sqlite"

interface Failure {
  /** Another process writes. */
  readonly isBusy: boolean
  /** SQLite's own words, which hold no content. */
  readonly reason: string
}

const failureOf = (error: unknown): Failure => {
  if (!(error instanceof Error)) return { isBusy: false, reason: "unknown" }
  const reason = "errstr" in error && typeof error.errstr === "string" ? error.errstr : error.message
  return { isBusy: busyCodes.has(codeOf(error) ?? 0), reason }
}

/** Creates the tables, unless they are there. */
const ensureSchema = (db: DatabaseSync): void => {
  if (db.prepare("SELECT count(*) AS n FROM sqlite_schema").get()?.["n"] === 0) {
    db.exec(SqliteLedger.schema)
  } else if (pragma(db, "application_id") !== SqliteLedger.applicationId) {
    throw new Error("the file is another application's database")
  } else if (pragma(db, "user_version") !== SqliteLedger.schemaVersion) {
    throw new Error("the file is of another version of this library")
  }
}

const connect = ({ durability, path }: Options) => {
  const db = open(path)
  try {
    db.exec("PRAGMA journal_mode = WAL")
    db.exec(`PRAGMA synchronous = ${durability === "power" ? "FULL" : "NORMAL"}`)
    inTransaction(db, () => ensureSchema(db))
    return { db, ledger: SqliteLedger.make(db) }
  } catch (error) {
    db.close()
    throw error
  }
}

const retryWhileBusy = <A>(operation: string, run: () => A): Effect.Effect<A, BudgetStoreError> =>
  Effect.try({ try: run, catch: failureOf }).pipe(
    Effect.retry({ while: ({ isBusy }) => isBusy, schedule: Schedule.jittered(Schedule.spaced("4 millis")) }),
    Effect.mapError(({ reason }) => BudgetStore.storeError(name, operation, reason))
  )

/** SQLite's names that begin with a colon, and the empty one, are databases that are gone with the process. */
const rulesOf = ({ durability, path }: Options): ReadonlyArray<OptionRules.Rule> => [
  [
    "path",
    typeof path === "string" && path !== "" && !path.startsWith(":") && !path.includes("\0"),
    "the path of a file"
  ],
  OptionRules.oneOf("durability", durability, ["process", "power"])
]

/** Longest wait for other processes that open the same file. */
const openTimeout = "10 seconds"

/**
 * Books in a file, which is open until the scope is closed.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeStore = (
  options: Options
): Effect.Effect<BudgetStore.BudgetStore["Service"], BudgetStoreError | ConfigurationError, Scope.Scope> =>
  Effect.gen(function* () {
    yield* OptionRules.check("SqliteBudget", rulesOf(options))
    const clock = yield* Clock.Clock
    const { db, ledger } = yield* Effect.acquireRelease(
      Effect.timeoutOrElse(
        retryWhileBusy("open", () => connect(options)),
        { duration: openTimeout, orElse: () => Effect.fail(BudgetStore.storeError(name, "open", "the file is in use")) }
      ),
      ({ db }) => Effect.sync(() => db.close())
    )
    const now = () => clock.currentTimeMillisUnsafe()
    const perform = <A>(operation: string, run: () => A) => retryWhileBusy(operation, () => inTransaction(db, run))
    return {
      name,
      reserve: (hold, leaseMillis) =>
        perform("reserve", () => {
          const at = now()
          const changes = ledger.settleExpired(at)
          return { result: ledger.reserve(hold, at + leaseMillis), changes }
        }),
      settle: (id, used) => perform("settle", () => ledger.settle(id, used)),
      renew: (ids, leaseMillis) =>
        perform("renew", () => {
          const at = now()
          // Whoever asks lives, however late it is.
          ledger.renew(ids, at + leaseMillis)
          const changes = ledger.settleExpired(at)
          ledger.forget(at)
          return changes
        }),
      scopeBalances: perform("read", () => {
        ledger.settleExpired(now())
        return ledger.scopeBalances()
      })
    }
  })

/**
 * Books in a file.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerStore = (
  options: Options
): Layer.Layer<BudgetStore.BudgetStore, BudgetStoreError | ConfigurationError> =>
  Layer.effect(BudgetStore.BudgetStore, makeStore(options))

/**
 * A budget whose books are in a file.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (
  options: Options & Budget.Options
): Layer.Layer<Budget.Budget, ConfigurationError | BudgetStoreError> =>
  Layer.provide(Budget.layerStore(options), layerStore(options))
