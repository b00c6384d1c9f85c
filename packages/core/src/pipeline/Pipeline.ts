/**
 * The order of the stages, and nothing else.
 *
 * Outermost first: a deadline inside would kill work that others wait for; a
 * breaker outside retry would let a whole retry loop into an outage; admission
 * outside retry would count calls while the host counts attempts; a timeout
 * outside admission would charge waiting to the attempt.
 *
 * @since 0.1.0
 */
import type { Attempt, StreamAttempt } from "./Call.ts"

/**
 * The stages of a call, outermost first.
 *
 * @category models
 * @since 0.1.0
 */
export const order = [
  "deadline",
  "cache",
  "budget",
  "recovery",
  "fallback",
  "hedge",
  "retry",
  "breaker",
  "admission",
  "accounting",
  "timeout"
] as const

/**
 * @category models
 * @since 0.1.0
 */
export type StageName = (typeof order)[number]

/**
 * One stage: what it does to a whole answer and to a stream, and its options
 * in words for people.
 *
 * @category models
 * @since 0.1.0
 */
export interface Stage {
  readonly effect: (inner: Attempt) => Attempt
  readonly stream: (inner: StreamAttempt) => StreamAttempt
  readonly options: { readonly [name: string]: string }
}

/**
 * A stage for every place in the order.
 *
 * @category models
 * @since 0.1.0
 */
export type Stages = { readonly [Name in StageName]: Stage }

/**
 * A stage that is switched off.
 *
 * @category constructors
 * @since 0.1.0
 */
export const off: Stage = { effect: (inner) => inner, stream: (inner) => inner, options: { is: "off" } }

const innermostFirst = order.toReversed()

/**
 * An attempt inside all stages.
 *
 * @category combinators
 * @since 0.1.0
 */
export const effect = (stages: Stages, attempt: Attempt): Attempt =>
  innermostFirst.reduce((inner, name) => stages[name].effect(inner), attempt)

/**
 * A streamed attempt inside all stages.
 *
 * @category combinators
 * @since 0.1.0
 */
export const stream = (stages: Stages, attempt: StreamAttempt): StreamAttempt =>
  innermostFirst.reduce((inner, name) => stages[name].stream(inner), attempt)

/**
 * The stages and their options, a line each, outermost first.
 *
 * @category conversions
 * @since 0.1.0
 */
export const describe = (stages: Stages): string =>
  order
    .map((name) => {
      const options = Object.entries(stages[name].options).map(([option, value]) => `${option} ${value}`)
      return [name, ...(options.length === 0 ? [] : [options.join(", ")])].join(": ")
    })
    .join("\n")
