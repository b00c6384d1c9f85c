/**
 * Searches for a schedule on which a client breaks a law: many concurrent calls
 * of several clients and tenants, failing hosts, interruptions and jumps of the
 * time of day, over the real pipeline with every stage on, in virtual time.
 *
 * **When to use**
 *
 * Use to test a stage, a limiter, a budget, a breaker, a cache or a transport of
 * an application under conditions that are not thought of when tests are written.
 *
 * **Details**
 *
 * - A seed makes a schedule, which is data. The same schedule has the same
 *   outcome each time.
 * - After every run the laws are checked that `Violation.laws` lists.
 * - A failing schedule is shrunk while the same law is violated, and printed
 *   with the seed that made it.
 *
 * **Gotchas**
 *
 * - Virtual time does not wait for promises or sockets. Services that do, such
 *   as those on Redis, cannot be searched.
 *
 * **Example** (The laws hold with a custom stage)
 *
 * ```ts
 * const program = Effect.gen(function* () {
 *   const stages = () => Pipeline.layer(Pipeline.insertBefore("breaker", audit))
 *   const found = yield* ScheduleSearch.search({ seed: 1, runs: 200, stages })
 *   if (Option.isSome(found)) yield* Console.log(ScheduleSearch.format(found.value))
 * })
 * ```
 *
 * @since 0.1.0
 */
import type { ChatTransport } from "@kimi-effect/client/ChatTransport"
import type { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import { loadModule } from "@kimi-effect/core/internal/ModuleLoader"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import type * as Option from "effect/Option"
import type { SharedServices } from "./internal/schedule/clients.ts"
import { formatFailure } from "./internal/schedule/format.ts"
import type * as CallSchedule from "./schedule/CallSchedule.ts"
import type { Law, Violation } from "./schedule/Violation.ts"

/**
 * The services that the clients of a schedule share.
 *
 * @category models
 * @since 0.1.0
 */
export type { SharedServices } from "./internal/schedule/clients.ts"

const schedules = () => loadModule(() => import("./internal/schedule/searchSchedules.ts"))

/**
 * What replaces a part of the clients.
 *
 * @category options
 * @since 0.1.0
 */
export interface Subject<E = never> {
  /**
   * Services that replace those of the clients, such as `Admission.layer(…)`. They may require the ones that they
   * replace, and read the settings of the schedule; `ServiceOptions` has the options of each service.
   */
  readonly services?: ((settings: CallSchedule.Settings) => Layer.Layer<never, E, SharedServices>) | undefined
  /** Edits of the stages, from `Pipeline.layer`, with the settings of the schedule. */
  readonly stages?: ((settings: CallSchedule.Settings) => Layer.Layer<never>) | undefined
  /** Wraps the transport of every host. */
  readonly transport?: ((transport: ChatTransport["Service"]) => ChatTransport["Service"]) | undefined
}

/**
 * @category options
 * @since 0.1.0
 */
export interface Options<E = never> extends Subject<E>, CallSchedule.Size {
  /** Seed of all schedules. */
  readonly seed: string | number
  /** Number of schedules. Defaults to 100. */
  readonly runs?: number | undefined
  /** The laws to check. Defaults to all. */
  readonly laws?: ReadonlyArray<Law> | undefined
  /** Most runs in which a failing schedule is made smaller. Defaults to 500; 0 returns it as it was found. */
  readonly maxShrinks?: number | undefined
}

/**
 * The default of every option that has one, in addition to those of `CallSchedule`.
 *
 * @category options
 * @since 0.1.0
 */
export const defaults = { runs: 100, maxShrinks: 500 } as const

/**
 * A schedule on which the clients broke a law.
 *
 * @category models
 * @since 0.1.0
 */
export interface Failure {
  /** The seed with which `CallSchedule.make` makes the schedule again. */
  readonly seed: string
  /** The number of schedules up to this one. */
  readonly runs: number
  /** As it was found. */
  readonly original: CallSchedule.CallSchedule
  /** The smallest schedule that violates the same law, which is that of the first violation. */
  readonly schedule: CallSchedule.CallSchedule
  /** What the smallest schedule violates, of the laws that were searched. */
  readonly violations: ReadonlyArray<Violation>
}

/**
 * Runs one schedule, and returns what it violates.
 *
 * @category running
 * @since 0.1.0
 */
export const replay = <E = never>(
  schedule: CallSchedule.CallSchedule,
  subject: Subject<E> = {}
): Effect.Effect<ReadonlyArray<Violation>, E | ConfigurationError> =>
  Effect.flatMap(schedules(), ({ replay }) => replay(schedule, subject))

type Shrunk = readonly [schedule: CallSchedule.CallSchedule, violations: ReadonlyArray<Violation>]

/**
 * Makes a failing schedule smaller, as long as it violates the law of the first
 * violation. Returns it with everything that it violates.
 *
 * @category running
 * @since 0.1.0
 */
export const shrink = <E = never>(
  schedule: CallSchedule.CallSchedule,
  violations: ReadonlyArray<Violation>,
  subject: Subject<E> = {},
  maxRuns: number = defaults.maxShrinks
): Effect.Effect<Shrunk, E | ConfigurationError> =>
  Effect.flatMap(schedules(), ({ shrink }) => shrink(schedule, violations, subject, maxRuns))

/**
 * Runs random schedules until one violates a law, and makes it smaller. Returns
 * none if none does. Fails with a `ConfigurationError` that lists all invalid
 * options.
 *
 * @category running
 * @since 0.1.0
 */
export const search = <E = never>(options: Options<E>): Effect.Effect<Option.Option<Failure>, E | ConfigurationError> =>
  Effect.flatMap(schedules(), ({ search }) => search(options))

/**
 * A failure as text: the seed, the smallest schedule with one line for each
 * call, and what it violates.
 *
 * @category conversions
 * @since 0.1.0
 */
export const format = (failure: Failure): string => formatFailure(failure)
