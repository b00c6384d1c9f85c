/**
 * A small Redis service, which every store of this library on Redis uses: the
 * limits of `Admission`, the circuits of `CircuitBreaker`, the ledger of
 * `BudgetStore` and the entries of `CacheStore`.
 *
 * `Redis` of `@kimi-effect/client/node` connects over TCP or TLS and reads RESP2
 * itself, without a package for Redis. Modules of the same names there have a
 * `layerRedis` that connects by itself. To share one connection between stores,
 * provide it to the layers of core:
 *
 * ```ts
 * import { Admission, CircuitBreaker } from "@kimi-effect/core"
 * import { Redis } from "@kimi-effect/client/node"
 *
 * Layer.merge(Admission.layerRedis(), CircuitBreaker.layerRedis()).pipe(
 *   Layer.provide(Redis.layer({ url: "redis://localhost" }))
 * )
 * ```
 *
 * Any other driver can be used with `make`.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type { ConfigurationError } from "./errors/ConfigurationErrors.ts"
import { interruptWithoutWaiting } from "./internal/interruptWithoutWaiting.ts"
import * as OptionRules from "./internal/OptionRules.ts"
import * as TimeBound from "./internal/TimeBound.ts"
import * as KimiConfig from "./KimiConfig.ts"

/**
 * A command or a script failed, or had no reply in time. Redis may
 * nevertheless have run it, or run it later.
 *
 * @category errors
 * @since 0.1.0
 */
export class RedisError extends Schema.TaggedError<RedisError>("@kimi-effect/core/Redis/RedisError")("RedisError", {
  message: Schema.String,
  /** The command, or the name of the script. */
  operation: Schema.String,
  /** An error code, such as `ECONNREFUSED`, `NOSCRIPT` or `timeout`. It contains no key and no value. */
  reason: Schema.String,
  /** What the driver failed with. Redis' own messages may contain keys and values. */
  cause: Schema.optionalKey(Schema.Defect())
}) {}

/** The code that an error of a driver or of Redis begins with, without the rest of its message. */
const reasonOf = (cause: unknown): string => {
  if (!(cause instanceof Error)) return "unknown"
  if ("code" in cause && typeof cause.code === "string") return cause.code
  return /^(?:connect )?([A-Z]{2,32})\b/.exec(cause.message)?.[1] ?? cause.name
}

/**
 * The error of an operation whose driver failed with `cause`.
 *
 * @category errors
 * @since 0.1.0
 */
export const fromCause = (operation: string, cause: unknown): RedisError => {
  const reason = reasonOf(cause)
  return new RedisError({ message: `Redis could not run ${operation}: ${reason}`, operation, reason, cause })
}

/**
 * A Lua script, which Redis runs in one step.
 *
 * @category models
 * @since 0.1.0
 */
export interface Script {
  /** Its name in errors. */
  readonly name: string
  readonly lua: string
}

/**
 * The state of a connection.
 *
 * - `idle`: no command has been sent, and no connection was opened.
 * - `connecting`: commands wait for an attempt to connect.
 * - `connected`: commands are sent.
 * - `disconnected`: commands fail at once, while the driver tries to connect.
 * - `closed`: the scope of the connection has ended.
 *
 * @category models
 * @since 0.1.0
 */
export interface Status {
  readonly state: "idle" | "connecting" | "connected" | "disconnected" | "closed"
  /** The time of the last change of the state, in milliseconds since 1970. */
  readonly since: number
  /** What last ended a connection or an attempt, or the latest error of a server that cannot serve commands. */
  readonly lastError?: {
    readonly reason: string
    /** In milliseconds since 1970. */
    readonly at: number
    /** How long ago it was, in milliseconds of a monotonic clock. */
    readonly age: number
  }
}

/**
 * Runs commands and scripts on one Redis.
 *
 * @category services
 * @since 0.1.0
 */
export class Redis extends Context.Service<
  Redis,
  {
    /** Sends one command. `A` is the reply that the caller expects; it is not checked. */
    readonly send: <A = unknown>(command: string, ...args: ReadonlyArray<string>) => Effect.Effect<A, RedisError>
    /**
     * Runs a script by its digest, and loads it first where Redis does not have
     * it. All keys of a run must be on one node of a cluster.
     */
    readonly run: <A = unknown>(
      script: Script,
      keys: ReadonlyArray<string>,
      args: ReadonlyArray<string | number>
    ) => Effect.Effect<A, RedisError>
    /** The state of the connection, where the driver reports it. */
    readonly status?: Effect.Effect<Status> | undefined
  }
>()("@kimi-effect/core/Redis") {}

/**
 * A connection of a driver.
 *
 * @category models
 * @since 0.1.0
 */
export interface Connection {
  readonly send: <A = unknown>(command: string, ...args: ReadonlyArray<string>) => Effect.Effect<A, RedisError>
  /** Closes the connection. It is interrupted when it takes longer than `timeout`. */
  readonly close?: Effect.Effect<void> | undefined
  /** The state of the connection. */
  readonly status?: Effect.Effect<Status> | undefined
}

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** Longest wait for the reply to a command or a script. Stores have shorter ones. Defaults to 10 seconds. */
  readonly timeout?: Duration.Input | undefined
}

const isMissingScript = ({ reason }: RedisError): boolean => reason === "NOSCRIPT"

/** A digest is kept. One that cannot be sent would fail all later runs, and one that is unknown is replaced. */
const isDigest = (reply: unknown): reply is string => typeof reply === "string" && reply !== ""

const notADigest = Object.assign(new Error("The reply is no digest of a script"), { code: "invalidReply" })

/**
 * The service over a connection, which is closed with the scope.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (
  { close = Effect.void, send, status }: Connection,
  options: Options = {}
): Effect.Effect<Redis["Service"], ConfigurationError, Scope.Scope> =>
  Effect.gen(function* () {
    const timeout = OptionRules.durationOf(options.timeout ?? KimiConfig.defaults.redisTimeout)
    yield* OptionRules.check("Redis", [OptionRules.positiveDuration("timeout", timeout)])
    yield* Effect.addFinalizer(() => Effect.timeoutOption(interruptWithoutWaiting(close), timeout))
    const digests = new Map<Script, string>()

    const timeoutMillis = Duration.toMillis(timeout)
    const bounded = <A>(operation: string, effect: Effect.Effect<A, RedisError>): Effect.Effect<A, RedisError> =>
      TimeBound.within(effect, timeoutMillis, () =>
        Effect.fail(
          new RedisError({
            message: `Redis did not reply to ${operation} within ${Duration.format(timeout)}`,
            operation,
            reason: "timeout"
          })
        )
      )

    const load = (script: Script): Effect.Effect<string, RedisError> =>
      Effect.flatMap(send("SCRIPT", "LOAD", script.lua), (digest) => {
        if (!isDigest(digest)) return Effect.fail(fromCause("SCRIPT", notADigest))
        digests.set(script, digest)
        return Effect.succeed(digest)
      })

    const run = <A>(script: Script, keys: ReadonlyArray<string>, args: ReadonlyArray<string | number>) =>
      Effect.suspend(() => {
        const evaluate = (digest: string) =>
          send<A>("EVALSHA", digest, `${keys.length}`, ...keys, ...args.map((arg) => `${arg}`))
        const digest = digests.get(script)
        return digest === undefined
          ? Effect.flatMap(load(script), evaluate)
          : // A restarted Redis has no scripts.
            Effect.catchIf(evaluate(digest), isMissingScript, () => Effect.flatMap(load(script), evaluate))
      })

    return {
      status,
      send: (command, ...args) => bounded(command, send(command, ...args)),
      run: (script, keys, args) => bounded(script.name, run(script, keys, args))
    }
  })
