/**
 * The ledger of a budget in one SQLite file. `BudgetStore.makeSqlite` describes
 * it for users.
 *
 * @since 0.1.0
 */
import { statSync } from "node:fs"
import type { DatabaseSync } from "node:sqlite"
import type { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import * as MonotonicClock from "@kimi-effect/core/internal/MonotonicClock"
import * as OptionRules from "@kimi-effect/core/internal/OptionRules"
import type { BudgetStoreError } from "@kimi-effect/core/MoneyErrors"
import * as BudgetStore from "@kimi-effect/core/BudgetStore"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as FileFailure from "./FileFailure.ts"
import { isSameFile } from "./FileStats.ts"
import { busyCodes, codeOf, inTransaction, open, pragma, restrict } from "./SqliteDatabase.ts"
import * as SqliteLedger from "./SqliteLedger.ts"

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** Path of the file; it and its folder are created when they are missing, accessible for their owner only. A symbolic link is not followed. */
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
  /** Whether the path is not that of a ledger, which time does not change. */
  readonly isWrongPath: boolean
}

/** Why SQLite cannot read a file, and what to do about it. It is never replaced, since its money could be spent twice. */
const unreadable: Readonly<Record<number, string>> = {
  11: "it is damaged and is left as it is; restore it from a copy, or set another path",
  26: "it is not a SQLite database and is left as it is; set another path, or restore it from a copy"
}

const isWrongPath = (error: Error): boolean =>
  error instanceof FileFailure.UnusablePathError ||
  codeOf(error) === notADatabase ||
  wrongPathCodes.has(FileFailure.codeOf(error) ?? "")

/** SQLite's code of a file that is no database. */
const notADatabase = 26

const wrongPathCodes: ReadonlySet<string> = new Set(["EEXIST", "EISDIR", "ELOOP", "ENAMETOOLONG", "ENOTDIR"])

const failureOf = (error: unknown): Failure => {
  if (!(error instanceof Error)) return { isBusy: false, reason: "unknown", isWrongPath: false }
  const code = codeOf(error)
  if (code === undefined) {
    return { isBusy: false, reason: FileFailure.reasonOf(error), isWrongPath: isWrongPath(error) }
  }
  const text = "errstr" in error && typeof error.errstr === "string" ? error.errstr : error.message
  return { isBusy: busyCodes.has(code), reason: unreadable[code] ?? text, isWrongPath: isWrongPath(error) }
}

/** Whether there are no tables yet; throws when they are not ours. */
const isEmpty = (db: DatabaseSync): boolean => {
  const isNew = db.prepare("SELECT count(*) AS n FROM sqlite_schema").get()?.["n"] === 0
  const mark = pragma(db, "application_id")
  if (isNew && mark === 0) return true
  if (mark !== SqliteLedger.applicationId) {
    throw new FileFailure.UnusablePathError(
      "it is another application's database and is left as it is; set another path"
    )
  }
  const version = pragma(db, "user_version")
  if (version !== SqliteLedger.schemaVersion && !SqliteLedger.migrations.has(version)) {
    throw new FileFailure.UnusablePathError(
      "it was written by another version of this library and is left as it is; use that version, or set another path"
    )
  }
  return false
}

/** Creates the tables when they are missing. The file of another application is not changed. */
const ensureSchema = (db: DatabaseSync, { durability, path }: Options): void => {
  isEmpty(db)
  // Spending is private, and a user who can write the file can raise a cap.
  restrict(path)
  db.exec("PRAGMA journal_mode = WAL")
  db.exec(`PRAGMA synchronous = ${durability === "power" ? "FULL" : "NORMAL"}`)
  inTransaction(db, () => {
    if (isEmpty(db)) db.exec(SqliteLedger.schema)
    else {
      const migration = SqliteLedger.migrations.get(pragma(db, "user_version"))
      if (migration !== undefined) db.exec(migration)
    }
  })
}

interface Connection {
  readonly db: DatabaseSync
  readonly ledger: SqliteLedger.SqliteLedger
  /** Fails when the path is no longer that of the open file, since others would count in another one. */
  readonly checkInPlace: () => void
}

const connect = (options: Options): Connection => {
  const { path } = options
  const db = open(path)
  try {
    ensureSchema(db, options)
    const opened = statSync(path)
    return {
      db,
      ledger: SqliteLedger.make(db),
      checkInPlace: () => {
        const found = statSync(path, { throwIfNoEntry: false })
        if (found !== undefined && isSameFile(found, opened)) return
        throw new FileFailure.UnusablePathError("it was moved or replaced while it was in use; put it back, or restart")
      }
    }
  } catch (error) {
    db.close()
    throw error
  }
}

const retryWhileBusy = <A>(run: () => A): Effect.Effect<A, Failure> =>
  Effect.try({ try: run, catch: failureOf }).pipe(
    Effect.retry({ while: ({ isBusy }) => isBusy, schedule: Schedule.jittered(Schedule.spaced("4 millis")) })
  )

const errorOf = (path: string, operation: string, { reason }: Failure): BudgetStoreError =>
  BudgetStore.storeError(name, operation, `${reason} (${path})`)

/** For SQLite an empty name, and one that begins with a colon, is a database that is lost with the process. */
const rulesOf = ({ durability, path }: Options): ReadonlyArray<OptionRules.Rule> => [
  [
    "path",
    typeof path === "string" && path.trim() !== "" && !path.startsWith(":") && !path.includes("\0"),
    "the path of a file"
  ],
  OptionRules.oneOf("durability", durability, ["process", "power"])
]

/** Longest wait for other processes that are opening the file. */
const openTimeout = "10 seconds"

/** A connection that is open until the scope closes. */
const openConnection = (options: Options): Effect.Effect<Connection, Failure, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.timeoutOrElse(
      retryWhileBusy(() => connect(options)),
      {
        duration: openTimeout,
        orElse: () => Effect.fail<Failure>({ isBusy: true, reason: "it is in use", isWrongPath: false })
      }
    ),
    ({ db }) => Effect.sync(() => db.close())
  )

/** The store on a connection that each operation takes. */
const storeOn = (
  path: string,
  clock: Clock.Clock,
  connection: Effect.Effect<Connection, BudgetStoreError>
): BudgetStore.BudgetStore["Service"] => {
  const now = () => clock.currentTimeMillisUnsafe()
  const lateUnix = MonotonicClock.makeLateUnix(clock)
  const perform = <A>(operation: string, run: (ledger: SqliteLedger.SqliteLedger) => A) =>
    Effect.flatMap(connection, ({ checkInPlace, db, ledger }) =>
      Effect.mapError(
        retryWhileBusy(() => {
          checkInPlace()
          return inTransaction(db, () => run(ledger))
        }),
        (failure) => errorOf(path, operation, failure)
      )
    )
  return {
    name,
    reserve: (hold, leaseMillis) =>
      perform("reserve", (ledger) => {
        const at = now()
        const changes = ledger.settleExpired(at)
        return { result: ledger.reserve(hold, at, leaseMillis), changes }
      }),
    settle: (id, used) => perform("settle", (ledger) => ledger.settle(id, used)),
    renew: (ids, leaseMillis) =>
      perform("renew", (ledger) => {
        const at = now()
        // A process that renews is alive, however late it is.
        ledger.renew(ids, at, leaseMillis)
        const changes = ledger.settleExpired(at)
        ledger.forget(lateUnix())
        return changes
      }),
    scopeBalances: perform("read", (ledger) => {
      ledger.settleExpired(now())
      return ledger.scopeBalances()
    })
  }
}

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
    const { path } = options
    const connection = yield* Effect.mapError(openConnection(options), (failure) => errorOf(path, "open", failure))
    return storeOn(path, yield* Clock.Clock, Effect.succeed(connection))
  })

/** How long a file is not opened again after that failed. */
const reopenMillis = 1_000

/** Opens the file when it is first possible, and fails until then. The file is closed with the scope. */
const reopening = (
  options: Options,
  clock: Clock.Clock,
  first: Failure
): Effect.Effect<Effect.Effect<Connection, BudgetStoreError>, never, Scope.Scope> => {
  let connection: Connection | undefined
  let failure = first
  let notBefore = MonotonicClock.millisUnsafe(clock) + reopenMillis
  const close = Effect.sync(() => {
    notBefore = Number.POSITIVE_INFINITY
    connection?.db.close()
  })
  const attempt = Effect.suspend((): Effect.Effect<Connection, BudgetStoreError> => {
    const now = MonotonicClock.millisUnsafe(clock)
    if (connection === undefined && now >= notBefore) {
      notBefore = now + reopenMillis
      try {
        connection = connect(options)
      } catch (error) {
        failure = failureOf(error)
      }
    }
    return connection === undefined ? Effect.fail(errorOf(options.path, "open", failure)) : Effect.succeed(connection)
  })
  return Effect.as(
    Effect.addFinalizer(() => close),
    attempt
  )
}

/**
 * The same for a budget that allows calls while its store is unavailable: a file
 * that cannot be opened yet, such as on a full disk, is opened later. A path that
 * is wrong still fails.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeReopening = (
  options: Options
): Effect.Effect<BudgetStore.BudgetStore["Service"], BudgetStoreError | ConfigurationError, Scope.Scope> =>
  Effect.gen(function* () {
    yield* OptionRules.check("BudgetStore", rulesOf(options))
    const { path } = options
    const clock = yield* Clock.Clock
    const opened = yield* Effect.result(openConnection(options))
    if (Result.isSuccess(opened)) return storeOn(path, clock, Effect.succeed(opened.success))
    if (opened.failure.isWrongPath) return yield* Effect.fail(errorOf(path, "open", opened.failure))
    const { message } = errorOf(path, "open", opened.failure)
    yield* Effect.logWarning("The ledger of the budget cannot be opened: calls are not counted until it can", message)
    return storeOn(path, clock, yield* reopening(options, clock, opened.failure))
  })
