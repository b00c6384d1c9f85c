/**
 * Options of calls that are not part of the request: their priority, the
 * tenant, job and agent that they are made for, and their own timeout and
 * number of attempts.
 *
 * They are a reference of the fiber, so that one line covers a whole job:
 *
 * ```ts
 * nightly.pipe(CallOptions.provide({ priority: "batch", tenant: "acme", job: "reports" }))
 * kimi.chat(request).pipe(CallOptions.provide({ timeout: "30 seconds", maxAttempts: 2 }))
 * ```
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"

/**
 * The priorities of calls, the most urgent first: a user waits for the response,
 * a job processes its rows, or one of many agents makes the call.
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
  /** The order in which waiting calls are admitted. Defaults to `interactive`. */
  readonly priority: Priority
  /** The tenant of the call. Waiting calls of one priority take turns by tenant. Empty by default. */
  readonly tenant: string
  /** The job that the call belongs to, for costs. Empty by default. */
  readonly job: string
  /** The agent that makes the call, for costs. Empty by default. */
  readonly agent: string
  /**
   * Longest time for a chat or stream with all attempts and waits, in place of
   * the option `deadline`: longer or shorter. When it has passed, the call fails
   * with `DeadlineExceededError`. One attempt and all attempts together may take
   * as long, where `totalTimeout` and `retryMaxElapsed` are shorter; the
   * timeouts for the connection, the first token and silence stay as configured.
   * A finite duration over zero; any other fails the call with
   * `InvalidRequestError`.
   */
  readonly timeout?: Duration.Input
  /**
   * Number of attempts of a chat or stream, the first included, in place of the
   * option `maxAttempts`: more or fewer. Each step of a fallback plan may make as
   * many. A whole number over zero; any other fails the call with
   * `InvalidRequestError`.
   */
  readonly maxAttempts?: number
}

/**
 * The options to change. Omitted ones keep their current value.
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

/** Programs in JavaScript may pass `null`. Values of a wrong type and options that do not exist fail the calls. */
const merge =
  (options: Options | null | undefined) =>
  (outer: Values): Values => {
    const { agent, job, maxAttempts, priority, tenant, timeout, ...unknown } = options ?? {}
    return {
      ...outer,
      ...unknown,
      priority: priority ?? outer.priority,
      tenant: tenant ?? outer.tenant,
      job: job ?? outer.job,
      agent: agent ?? outer.agent,
      ...(timeout === undefined ? {} : { timeout }),
      ...(maxAttempts === undefined ? {} : { maxAttempts })
    }
  }

/**
 * Sets options of every call of an effect. Omitted and `undefined` ones keep their
 * current value.
 *
 * @category combinators
 * @since 0.1.0
 */
export const provide =
  (options: Options) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.updateService(effect, CallOptions, merge(options))

/**
 * Sets options of every call of a stream, regardless of where it runs.
 *
 * @category combinators
 * @since 0.1.0
 */
export const provideStream =
  (options: Options) =>
  <A, E, R>(stream: Stream.Stream<A, E, R>): Stream.Stream<A, E, R> =>
    Stream.updateService(stream, CallOptions, merge(options))
