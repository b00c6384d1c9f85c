/**
 * What a caller says about its calls beside the request: how urgent they are
 * and for whom they are made.
 *
 * It is a reference of the fiber, so that one line covers a whole job:
 *
 * ```ts
 * nightly.pipe(CallOptions.provide({ priority: "batch", tenant: "acme", job: "reports" }))
 * ```
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"

/**
 * How urgent a call is, the most urgent first: somebody waits for it, a job
 * works through its rows, or one of many agents asks.
 *
 * @category models
 * @since 0.1.0
 */
export const priorities = ["interactive", "batch", "swarm"] as const

/**
 * @category models
 * @since 0.1.0
 */
export type Priority = (typeof priorities)[number]

/**
 * @category models
 * @since 0.1.0
 */
export interface Values {
  /** Who goes first when calls have to wait. Defaults to `interactive`. */
  readonly priority: Priority
  /** For whom the call is made; waiting calls of one priority take turns by tenant. Empty by default. */
  readonly tenant: string
  /** The job that the call belongs to, for money. Empty by default. */
  readonly job: string
  /** The agent that makes the call, for money. Empty by default. */
  readonly agent: string
}

/**
 * What a caller may say; what is left out stays as it is outside.
 *
 * @category options
 * @since 0.1.0
 */
export type Options = { readonly [Name in keyof Values]?: Values[Name] | undefined }

/**
 * The options of the calls that this fiber makes.
 *
 * @category references
 * @since 0.1.0
 */
export const CallOptions: Context.Reference<Values> = Context.Reference<Values>("@kimi-effect/core/CallOptions", {
  defaultValue: () => ({ priority: "interactive", tenant: "", job: "", agent: "" })
})

/** What is given over what holds outside; `undefined` gives nothing. */
const merge =
  ({ agent, job, priority, tenant }: Options) =>
  (outer: Values): Values => ({
    priority: priority ?? outer.priority,
    tenant: tenant ?? outer.tenant,
    job: job ?? outer.job,
    agent: agent ?? outer.agent
  })

/**
 * Sets options of every call made inside; those that are left out or
 * `undefined` stay as they are outside.
 *
 * @category combinators
 * @since 0.1.0
 */
export const provide =
  (options: Options) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.updateService(effect, CallOptions, merge(options))

/**
 * Sets options of every call that a stream makes, wherever it is run.
 *
 * @category combinators
 * @since 0.1.0
 */
export const provideStream =
  (options: Options) =>
  <A, E, R>(stream: Stream.Stream<A, E, R>): Stream.Stream<A, E, R> =>
    Stream.updateService(stream, CallOptions, merge(options))
