/**
 * A stage of the pipeline: a wrapper around the attempts of a call, such as
 * retry or a timeout.
 *
 * **Example** (A stage that removes e-mail addresses from every request)
 *
 * ```ts
 * const redact = Stage.make("redact", {
 *   effect: (inner) => (call) => inner(withoutAddresses(call)),
 *   stream: (inner) => (call) => inner(withoutAddresses(call)),
 *   options: { removes: "e-mail addresses" }
 * })
 * ```
 *
 * **Gotchas**
 *
 * - State that calls share, such as a counter or a semaphore, belongs outside
 *   the stage and not in `effect: (inner) => …`. How often a stage is applied to
 *   its inner attempt is not fixed: once for chat and once for streams of every
 *   configuration of a client, and with an `Observer`, stages under the names
 *   `retry` and `admission` once for every call.
 * - A stage that passes on another call must keep its `state`: the stages of
 *   one call share it. `{ ...call, request }` does.
 * - A request is checked before the first stage, or by the fallback stage where
 *   a client has a fallback plan. Changes by later stages are not checked
 *   again.
 *
 * @since 0.1.0
 */
import type { Attempt, StreamAttempt } from "./Call.ts"

/**
 * One stage: how it transforms calls that return a whole response and calls that
 * return a stream.
 *
 * @category models
 * @since 0.1.0
 */
export interface Stage {
  /** Unique within a pipeline. It is shown in `describe` and is an attribute of telemetry. */
  readonly name: string
  /** Wraps attempts that give a whole response. It may be applied once per client or once per call, so it keeps no state. */
  readonly effect: (inner: Attempt) => Attempt
  /** Wraps attempts that give a stream. It may be applied once per client or once per call, so it keeps no state. */
  readonly stream: (inner: StreamAttempt) => StreamAttempt
  /** The options as text, for `describe`. */
  readonly options: { readonly [name: string]: string }
}

const unchanged = <A>(inner: A): A => inner

/**
 * What a stage does. A member that is left out leaves its calls unchanged.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** Wraps attempts that return a whole response. */
  readonly effect?: Stage["effect"] | undefined
  /** Wraps attempts that return a stream. */
  readonly stream?: Stage["stream"] | undefined
  /** The options as text, for `describe`. None by default. */
  readonly options?: Stage["options"] | undefined
}

/**
 * A stage with the given name.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (name: string, { effect = unchanged, options = {}, stream = unchanged }: Options): Stage => ({
  name,
  effect,
  stream,
  options
})

/**
 * A stage that is switched off. It keeps its place, so that others can be
 * inserted before and after it.
 *
 * @category constructors
 * @since 0.1.0
 */
export const off = (name: string): Stage => make(name, { options: { is: "off" } })

/**
 * Whether a stage leaves every call unchanged.
 *
 * @category guards
 * @since 0.1.0
 */
export const isOff = ({ effect, stream }: Stage): boolean => effect === unchanged && stream === unchanged
