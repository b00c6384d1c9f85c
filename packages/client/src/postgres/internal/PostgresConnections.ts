/**
 * Connections to PostgreSQL, the only place that imports `@effect/sql-pg`: its
 * modules are unstable. Queries share a connection as a pipeline, because an
 * exclusive one would wait for a server that hangs when its query is interrupted.
 */
import * as PgConnection from "@effect/sql-pg/PgConnection"
import type { JournalStoreError } from "@kimi-effect/core/JournalErrors"
import * as MonotonicClock from "@kimi-effect/core/internal/MonotonicClock"
import * as Clock from "effect/Clock"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import type { SqlError } from "effect/sql/SqlError"
import { storeError } from "../../journal/internal/GroupCommit.ts"

/** The name of the store in errors. */
export const name = "postgres"

/** Largest row that is read, which has the largest result. */
const maxMessageBytes = 268_435_456

export interface Settings {
  readonly url: Redacted.Redacted<string>
  readonly connections: number
  readonly connectTimeout: Duration.Duration
  readonly applicationName: string
  readonly prepare: boolean
  /** Milliseconds that an operation waits at most. A connection that is silent for half of them is replaced. */
  readonly timeoutMillis: number
}

export interface Result {
  readonly rows: ReadonlyArray<Readonly<Record<string, unknown>>>
  readonly count: number
}

/** Runs one statement. `operation` is for errors. */
export type Query = (
  operation: string,
  sql: string,
  params?: ReadonlyArray<unknown>
) => Effect.Effect<Result, JournalStoreError>

interface Open {
  readonly connection: PgConnection.PgConnection
  readonly scope: Scope.Closeable
  /** When a query was sent that was interrupted and that nothing was received after. */
  silentSince: number | undefined
}

const isLost = ({ reason }: SqlError): boolean => reason._tag === "ConnectionError"

/** A code of the system or of PostgreSQL, and its message. Their messages have names and no content. */
const reasonOf = ({ reason }: SqlError): string => {
  const { cause, message } = reason
  const code = cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : undefined
  const text = cause instanceof Error && cause.message !== "" ? cause.message : message
  return `${text.slice(0, 200)}${code === undefined || text.includes(code) ? "" : ` (${code})`}`
}

const optionsOf = ({ applicationName, connectTimeout, prepare, url }: Settings): PgConnection.Config => ({
  url,
  applicationName,
  connectTimeout,
  prepare,
  multiplex: true,
  maxMessageSize: maxMessageBytes
})

/** One connection, opened by the first query, and again after it was lost. */
const makeSlot = (
  settings: Settings
): Effect.Effect<
  (sql: string, params: ReadonlyArray<unknown>) => Effect.Effect<Result, SqlError>,
  never,
  Scope.Scope
> =>
  Effect.gen(function* () {
    const clock = yield* Clock.Clock
    const now = (): number => MonotonicClock.millisUnsafe(clock)
    const opening = Semaphore.makeUnsafe(1)
    let current: Open | undefined
    let wasOpen = false
    const close = (open: Open): Effect.Effect<void> =>
      Effect.suspend(() => {
        if (current === open) current = undefined
        return Scope.close(open.scope, Exit.void)
      })
    yield* Effect.addFinalizer(() => Effect.suspend(() => (current === undefined ? Effect.void : close(current))))
    const connect: Effect.Effect<Open, SqlError> = Effect.uninterruptibleMask((restore) =>
      Effect.gen(function* () {
        const scope = yield* Scope.make()
        const opened = restore(Scope.provide(PgConnection.make(optionsOf(settings)), scope))
        const connection = yield* Effect.onError(opened, () => Scope.close(scope, Exit.void))
        current = { connection, scope, silentSince: undefined }
        wasOpen = true
        return current
      })
    )
    // A server that restarts is waited for. An address that never worked is an error at once.
    const reconnect = Effect.suspend(() => {
      const end = now() + settings.timeoutMillis / 2
      return Effect.retry(connect, {
        while: (error) => wasOpen && isLost(error) && now() < end,
        schedule: Schedule.jittered(Schedule.spaced("100 millis"))
      })
    })
    const isSilent = (open: Open): boolean =>
      open.silentSince !== undefined && now() - open.silentSince >= settings.timeoutMillis / 2
    const get: Effect.Effect<Open, SqlError> = opening.withPermits(1)(
      Effect.suspend(() => {
        if (current === undefined) return reconnect
        return isSilent(current) ? Effect.andThen(close(current), reconnect) : Effect.succeed(current)
      })
    )
    return (sql, params) =>
      Effect.flatMap(get, (open) => {
        const sentAt = now()
        return open.connection.query(sql, params).pipe(
          Effect.onExit((exit) =>
            Effect.sync(() => {
              if (!Exit.hasInterrupts(exit)) open.silentSince = undefined
              else open.silentSince ??= sentAt
            })
          ),
          Effect.tapError((error) => (isLost(error) ? close(open) : Effect.void)),
          Effect.map(({ rowCount, rows }): Result => ({ rows, count: rowCount }))
        )
      })
  })

/** Connections that are used in turn until the scope closes. */
export const make = (settings: Settings): Effect.Effect<Query, never, Scope.Scope> =>
  Effect.gen(function* () {
    const slots = yield* Effect.forEach(Array.from({ length: settings.connections }), () => makeSlot(settings))
    let turn = 0
    return (operation, sql, params = []) =>
      Effect.suspend(() => {
        const slot = slots[turn++ % slots.length] as (typeof slots)[number]
        return Effect.mapError(slot(sql, params), (error) => storeError(name, operation, reasonOf(error)))
      })
  })
