/**
 * Lets attempts through as fast as the account's limits allow, and makes the
 * others wait: one decision over concurrency, requests and tokens per minute,
 * and tokens per day.
 *
 * **Details**
 *
 * - It counts as Kimi does: an attempt's prompt and the most that it may
 *   generate, when it begins, and never given back. A stream holds its place
 *   until it ends.
 * - Who waits goes in order of priority, and tenants take turns; both are
 *   options of the caller's fiber (`CallOptions`).
 * - A wait is bounded in time and the queue in length, each with its own
 *   error, which carries an estimate of the wait. A call that leaves while it
 *   waits has taken nothing.
 * - A refusal by the host lowers the pace, and a limit that it names is
 *   believed; answers restore the pace.
 *
 * **Gotchas**
 *
 * - Retry belongs outside: the host counts attempts, not calls.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Channel from "effect/Channel"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Pull from "effect/Pull"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { ConfigurationError, type ConfigurationIssue } from "../errors/ConfigurationErrors.ts"
import type { KimiError } from "../errors/KimiError.ts"
import type { AdmissionError } from "../errors/OperationErrors.ts"
import type { CircuitOpenError } from "../errors/ResilienceErrors.ts"
import type * as KimiConfig from "../KimiConfig.ts"
import type { StreamEvent } from "../models/StreamEvent.ts"
import type { AccountState, Ask, Door, Outcome } from "./Door.ts"
import * as LocalDoor from "./LocalDoor.ts"
import { type RateLimits, tiers } from "./RateLimits.ts"

type EntryError = AdmissionError | CircuitOpenError

/**
 * The limits of accounts.
 *
 * @category services
 * @since 0.1.0
 */
export class Admission extends Context.Service<
  Admission,
  {
    /** Makes an attempt when the account's limits have room for it. */
    readonly guard: (
      ask: Ask
    ) => <A, E extends KimiError, R>(attempt: Effect.Effect<A, E, R>) => Effect.Effect<A, E | EntryError, R>
    /** The same for a stream, which holds its place until it ends. */
    readonly guardStream: (
      ask: Ask
    ) => <E extends KimiError, R>(
      attempt: Stream.Stream<StreamEvent, E, R>
    ) => Stream.Stream<StreamEvent, E | EntryError, R>
    /** What is in use of every account, by its name. */
    readonly states: Effect.Effect<ReadonlyMap<string, AccountState>>
  }
>()("@kimi-effect/core/resilience/Admission") {}

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** The limits of every account, or of each by its name. Unknown by default. */
  readonly limits?: RateLimits | ((account: string) => RateLimits) | undefined
  /** Longest wait for a place. Defaults to 2 minutes. */
  readonly maxWait?: Duration.Input | undefined
  /** Calls of one priority that may wait for one account. Defaults to 10,000. */
  readonly maxQueue?: number | undefined
  /** Added to every window of time, because two calls may reach the host closer together than they were sent. Defaults to 1 second. */
  readonly margin?: Duration.Input | undefined
}

/**
 * The limits that a configuration gives: those of its tier, and in their place
 * those that it names.
 *
 * @category options
 * @since 0.1.0
 */
export const limitsOf = (config: KimiConfig.Values): RateLimits => {
  const tier: RateLimits = config.tier === undefined ? {} : tiers[config.tier]
  return {
    concurrency: config.maxConcurrency ?? tier.concurrency,
    requestsPerMinute: config.requestsPerMinute ?? tier.requestsPerMinute,
    tokensPerMinute: config.tokensPerMinute ?? tier.tokensPerMinute,
    tokensPerDay: config.tokensPerDay ?? tier.tokensPerDay
  }
}

/** How much closer together two calls may come in than they were sent. */
const defaultMargin = Duration.seconds(1)

const outcomeOf = <A, E extends KimiError>(exit: Exit.Exit<A, E>): Outcome => {
  if (Exit.isSuccess(exit)) return "success"
  if (Cause.hasInterrupts(exit.cause)) return "left"
  return Option.getOrElse(Cause.findErrorOption(exit.cause), () => "left" as const)
}

/**
 * Puts attempts behind a door.
 *
 * @category constructors
 * @since 0.1.0
 */
export const behind = ({ enter, states }: Door): Admission["Service"] => {
  const begin = Effect.fnUntraced(function* <E, R>(
    ask: Ask,
    attempt: Stream.Stream<StreamEvent, E, R>,
    scope: Scope.Scope,
    restore: <B, E2, R2>(effect: Effect.Effect<B, E2, R2>) => Effect.Effect<B, E2, R2>
  ) {
    const place = yield* enter(ask, restore)
    yield* Scope.addFinalizer(scope, place.leave("left"))
    // Some streams begin their work before the first pull; left there, the scope gives the place back.
    return { place, pull: yield* restore(Channel.toPullScoped(attempt.channel, scope)) }
  })

  return {
    guard: (ask) => (attempt) =>
      Effect.uninterruptibleMask((restore) =>
        Effect.flatMap(enter(ask, restore), (place) =>
          Effect.onExit(restore(attempt), (exit) => place.leave(outcomeOf(exit)))
        )
      ),
    guardStream:
      (ask) =>
      <E extends KimiError, R>(attempt: Stream.Stream<StreamEvent, E, R>) =>
        Stream.fromChannel(
          Channel.fromTransform((_: unknown, scope: Scope.Scope) =>
            Effect.uninterruptibleMask((restore) =>
              Effect.map(begin(ask, attempt, scope, restore), ({ place, pull }) =>
                Pull.matchEffect(pull, {
                  onSuccess: Effect.succeed,
                  onFailure: (cause: Cause.Cause<E>) =>
                    Effect.andThen(place.leave(outcomeOf(Exit.failCause(cause))), Effect.failCause(cause)),
                  onDone: () => Effect.andThen(place.leave("success"), Cause.done())
                })
              )
            )
          )
        ),
    states
  }
}

const positive = (value: number | undefined, isWhole: boolean): boolean =>
  value === undefined || (value > 0 && (isWhole ? Number.isInteger(value) : Number.isFinite(value)))

const dimensions = ["concurrency", "requestsPerMinute", "tokensPerMinute", "tokensPerDay"] as const

type Issue = typeof ConfigurationIssue.Type

const issuesOf = ({ limits, margin, maxQueue, maxWait }: Options): ReadonlyArray<Issue> => {
  const issues: Array<Issue> = []
  if (typeof limits === "object") {
    for (const name of dimensions) {
      if (!positive(limits[name], true)) issues.push({ name: `limits.${name}`, expected: "a whole number over zero" })
    }
  }
  if (!positive(maxQueue, true)) issues.push({ name: "maxQueue", expected: "a whole number over zero" })
  for (const [name, given] of [
    ["maxWait", maxWait],
    ["margin", margin]
  ] as const) {
    const millis =
      given === undefined ? 0 : Option.match(Duration.fromInput(given), { onNone: () => -1, onSome: Duration.toMillis })
    if (!(millis >= 0 && Number.isFinite(millis))) issues.push({ name, expected: 'a duration, such as "30 seconds"' })
  }
  return issues
}

/**
 * Limits in this process.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: Options = {}): Effect.Effect<Admission["Service"], ConfigurationError> =>
  Effect.suspend(() => {
    const issues = issuesOf(options)
    if (issues.length > 0) return Effect.fail(ConfigurationError.of(issues))
    const { limits = {}, margin = defaultMargin, maxQueue = 10_000, maxWait = "2 minutes" } = options
    return Effect.map(
      LocalDoor.make({
        limitsOf: typeof limits === "function" ? limits : () => limits,
        margin: Duration.fromInputUnsafe(margin),
        maxQueue,
        maxWait: Duration.fromInputUnsafe(maxWait)
      }),
      behind
    )
  })

/**
 * Limits in this process, with the options of a configuration. The accounts of
 * other hosts may have configurations of their own.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromConfig = (
  config: KimiConfig.Values,
  configOf: (account: string) => KimiConfig.Values = () => config
): Effect.Effect<Admission["Service"]> =>
  Effect.map(
    LocalDoor.make({
      limitsOf: (account) => limitsOf(configOf(account)),
      margin: defaultMargin,
      maxQueue: config.admissionMaxQueue,
      maxWait: config.admissionMaxWait
    }),
    behind
  )

/**
 * Limits in this process.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options?: Options): Layer.Layer<Admission, ConfigurationError> =>
  Layer.effect(Admission, make(options))

/**
 * No limits: every attempt is made at once, whatever the host says.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerOff: Layer.Layer<Admission> = Layer.succeed(Admission, {
  guard: () => (attempt) => attempt,
  guardStream: () => (attempt) => attempt,
  states: Effect.succeed(new Map())
})
