/**
 * The ledger of a budget in one SQLite file. `BudgetStore.makeSqlite` describes
 * it for users.
 *
 * @since 0.1.0
 */
import type { DatabaseSync } from "node:sqlite"
import type { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import * as OptionRules from "@kimi-effect/core/internal/OptionRules"
import type { BudgetStoreError } from "@kimi-effect/core/MoneyErrors"
import * as BudgetStore from "@kimi-effect/core/BudgetStore"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import { busyCodes, codeOf, inTransaction, open, pragma } from "./SqliteDatabase.ts"
import * as SqliteLedger from "./SqliteLedger.ts"

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** Path of the file; it and its folder are created when they are missing, readable for their owner only. */
  readonly path: string
  /**
   * What the ledger survives without loss: a killed `process`, or also a loss of
   * `power`, for which every operation waits for the disk. Defaults to `process`.
   */
  readonly durability?: "process" | "power" | undefined
}

const name = "sqlite"

interface Failure {
  /** Whether another process is writing. */
  readonly isBusy: boolean
  /** SQLite's own message, which contains no content. */
  readonly reason: string
}

const failureOf = (error: unknown): Failure => {
  if (!(error instanceof Error)) return { isBusy: false, reason: "unknown" }
  const reason = "errstr" in error && typeof error.errstr === "string" ? error.errstr : error.message
  return { isBusy: busyCodes.has(codeOf(error) ?? 0), reason }
}

/** Creates the tables when they are missing. */
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

/** For SQLite an empty name, and one that begins with a colon, is a database that is lost with the process. */
const rulesOf = ({ durability, path }: Options): ReadonlyArray<OptionRules.Rule> => [
  [
    "path",
    typeof path === "string" && path !== "" && !path.startsWith(":") && !path.includes("\0"),
    "the path of a file"
  ],
  OptionRules.oneOf("durability", durability, ["process", "power"])
]

/** Longest wait for other processes that are opening the file. */
const openTimeout = "10 seconds"

/**
 * A ledger in a file, which is open until the scope closes.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (
  options: Options
): Effect.Effect<BudgetStore.BudgetStore["Service"], BudgetStoreError | ConfigurationError, Scope.Scope> =>
  Effect.gen(function* () {
    yield* OptionRules.check("BudgetStore", rulesOf(options))
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
          // A process that renews is alive, however late it is.
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
