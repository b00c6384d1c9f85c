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
import { isLost } from "./lostConnection.ts"

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

/**
 * Runs one statement, and again when the connection was lost. Whether it was
 * committed is unknown then, so that `again` is sent, by default the same one.
 * `operation` is for errors.
 */
export type Query = (
  operation: string,
  sql: string,
  params?: ReadonlyArray<unknown>,
  again?: string
) => Effect.Effect<Result, JournalStoreError>

type Slot = (sql: string, params: ReadonlyArray<unknown>, again: string) => Effect.Effect<Result, SqlError>

interface Open {
  readonly connection: PgConnection.PgConnection
  readonly scope: Scope.Closeable
  /** When a query was sent that was interrupted and that nothing was received after. */
  silentSince: number | undefined
}

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

/** What the connections know of their server. */
interface Server {
  /** Whether a connection to it was ever open. */
  wasOpen: boolean
}

/** One connection, opened by the first query, and again after it was lost. */
const makeSlot = (settings: Settings, server: Server): Effect.Effect<Slot, never, Scope.Scope> =>
  Effect.gen(function* () {
    const clock = yield* Clock.Clock
    const now = (): number => MonotonicClock.millisUnsafe(clock)
    const opening = Semaphore.makeUnsafe(1)
    let current: Open | undefined
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
        server.wasOpen = true
        return current
      })
    )
    // A server that restarts is waited for. An address that never worked is an error at once.
    const isWaitedFor = (error: SqlError, end: number): boolean => server.wasOpen && isLost(error) && now() < end
    const reconnect = (end: number): Effect.Effect<Open, SqlError> =>
      Effect.retry(connect, {
        while: (error) => isWaitedFor(error, end),
        schedule: Schedule.jittered(Schedule.spaced("100 millis"))
      })
    const isSilent = (open: Open): boolean =>
      open.silentSince !== undefined && now() - open.silentSince >= settings.timeoutMillis / 2
    const get = (end: number): Effect.Effect<Open, SqlError> =>
      opening.withPermits(1)(
        Effect.suspend(() => {
          if (current === undefined) return reconnect(end)
          return isSilent(current) ? Effect.andThen(close(current), reconnect(end)) : Effect.succeed(current)
        })
      )
    const send = (open: Open, sql: string, params: ReadonlyArray<unknown>): Effect.Effect<Result, SqlError> =>
      Effect.suspend(() => {
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
    return (sql, params, again) =>
      Effect.suspend(() => {
        const end = now() + settings.timeoutMillis / 2
        let next = sql
        const sent = Effect.flatMap(get(end), (open) => {
          const statement = next
          next = again
          return send(open, statement, params)
        })
        // The delays grow: a statement that ends its connection each time is not sent often.
        return Effect.retry(sent, {
          while: (error) => isWaitedFor(error, end),
          schedule: Schedule.jittered(Schedule.exponential("50 millis"))
        })
      })
  })

/** Connections that are used in turn until the scope closes. */
export const make = (settings: Settings): Effect.Effect<Query, never, Scope.Scope> =>
  Effect.gen(function* () {
    const server: Server = { wasOpen: false }
    const slots = yield* Effect.forEach(Array.from({ length: settings.connections }), () => makeSlot(settings, server))
    let turn = 0
    return (operation, sql, params = [], again = sql) =>
      Effect.suspend(() => {
        const slot = slots[turn++ % slots.length] as (typeof slots)[number]
        return Effect.mapError(slot(sql, params, again), (error) => storeError(name, operation, reasonOf(error)))
      })
  })
