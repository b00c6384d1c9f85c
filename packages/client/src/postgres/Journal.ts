/**
 * The journal of `@kimi-effect/client/journal`, and one in PostgreSQL, which the
 * workers of several machines share. It needs the package `@effect/sql-pg`.
 *
 * @since 0.1.0
 */
import type { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import * as OptionRules from "@kimi-effect/core/internal/OptionRules"
import type { JournalStoreError } from "@kimi-effect/core/JournalErrors"
import * as Config from "effect/Config"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as GroupCommit from "../journal/internal/GroupCommit.ts"
import * as OnStore from "../journal/internal/OnStore.ts"
import * as Core from "../journal/Journal.ts"
import * as PostgresConnections from "./internal/PostgresConnections.ts"
import * as PostgresJournalStore from "./internal/PostgresJournalStore.ts"
import { expectedSchemaName, isSchemaName } from "./internal/schemaName.ts"
import * as Tables from "./internal/tables.ts"

export * from "../journal/Journal.ts"

/**
 * @category options
 * @since 0.1.0
 */
export interface PostgresOptions extends Core.Options {
  /** Address of the server: `postgres://user:password@host:5432/database`, with `?sslmode=require` for TLS. */
  readonly url: string | Redacted.Redacted<string>
  /** The schema of the tables. It and they are created when they are missing. Defaults to `kimi_effect`. */
  readonly schema?: string | undefined
  /** Connections of this process, each of which several operations share. Defaults to 2. */
  readonly connections?: number | undefined
  /** Longest wait for a connection. Defaults to 5 seconds. */
  readonly connectTimeout?: Duration.Input | undefined
  /** The name of the connections on the server. Defaults to `kimi-effect`. */
  readonly applicationName?: string | undefined
  /** Whether statements are prepared once for each connection. Poolers that change it between statements need `false`. Defaults to `true`. */
  readonly prepare?: boolean | undefined
}

const isAddress = (url: string): boolean => /^postgres(?:ql)?:\/\//.test(url) && URL.canParse(url)

const urlOf = ({ url }: PostgresOptions): string => (Redacted.isRedacted(url) ? Redacted.value(url) : url)

/**
 * A journal in PostgreSQL 12 or later. Leases expire by the clock of the server.
 * It fails when the server cannot be reached at the start; later, an operation
 * waits for a server that restarts or refuses connections, up to half of
 * `timeout`, and is sent again, with its effect once. A server that does
 * not answer fails the operation with `JournalStoreError` after `timeout`. Tables
 * contain what models and tools answered, so they are as private as that.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makePostgres = (
  options: PostgresOptions
): Effect.Effect<Core.Journal["Service"], ConfigurationError | JournalStoreError, Scope.Scope> =>
  Effect.gen(function* () {
    const { applicationName = "kimi-effect", connections = 2, prepare = true, schema = "kimi_effect" } = options
    const { connectTimeout = "5 seconds", timeout = "10 seconds" } = options
    yield* OptionRules.check("Journal", [
      ...OnStore.rulesOf(options),
      ["url", isAddress(urlOf(options)), "an address that begins with postgres:// or postgresql://"],
      ["schema", isSchemaName(schema), expectedSchemaName],
      OptionRules.positiveInteger("connections", connections),
      OptionRules.positiveDuration("connectTimeout", connectTimeout)
    ])
    const bound = OptionRules.durationOf(timeout)
    const query = yield* PostgresConnections.make({
      url: Redacted.make(urlOf(options)),
      connections,
      connectTimeout: OptionRules.durationOf(connectTimeout),
      applicationName,
      prepare,
      timeoutMillis: Duration.toMillis(bound)
    })
    const store = PostgresJournalStore.make(query, schema)
    yield* GroupCommit.bounded(store, "open", bound, Tables.ensure(query, schema))
    return yield* OnStore.make(store, options)
  })

/**
 * A journal in PostgreSQL, as `makePostgres` describes it.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerPostgres = (
  options: PostgresOptions
): Layer.Layer<Core.Journal, ConfigurationError | JournalStoreError> =>
  OptionRules.layerOf("Journal", options, (options) => Layer.effect(Core.Journal, makePostgres(options)))

/**
 * A journal in PostgreSQL whose options are read from the current `ConfigProvider`,
 * such as `Journal.layerPostgresConfig({ url: Config.Redacted("DATABASE_URL") })`.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerPostgresConfig = (
  options: Config.Wrap<PostgresOptions>
): Layer.Layer<Core.Journal, ConfigurationError | JournalStoreError | Config.ConfigError> =>
  OptionRules.layerOf("Journal", options, (options) =>
    Layer.effect(Core.Journal, Effect.flatMap(Config.unwrap(options), makePostgres))
  )
