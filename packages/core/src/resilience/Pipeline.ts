/**
 * The order of the stages, and nothing else.
 *
 * Outermost first: a deadline inside would kill work that others wait for; a
 * breaker outside retry would let a whole retry loop into an outage; a timeout
 * outside the breaker would charge waiting to the attempt.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type { ChatError, StreamError } from "../errors/OperationErrors.ts"
import type { StreamEvent } from "../models/StreamEvent.ts"

/**
 * The stages of a call, outermost first.
 *
 * @category models
 * @since 0.1.0
 */
export const order = ["deadline", "retry", "breaker", "timeout"] as const

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
  readonly effect: <A>(attempt: Effect.Effect<A, ChatError>) => Effect.Effect<A, ChatError>
  readonly stream: (attempt: Stream.Stream<StreamEvent, StreamError>) => Stream.Stream<StreamEvent, StreamError>
  readonly options: { readonly [name: string]: string }
}

/**
 * A stage for every place in the order.
 *
 * @category models
 * @since 0.1.0
 */
export type Stages = { readonly [Name in StageName]: Stage }

const innermostFirst = order.toReversed()

/**
 * An attempt inside all stages.
 *
 * @category combinators
 * @since 0.1.0
 */
export const effect = <A>(stages: Stages, attempt: Effect.Effect<A, ChatError>): Effect.Effect<A, ChatError> =>
  innermostFirst.reduce((inner, name) => stages[name].effect(inner), attempt)

/**
 * A streamed attempt inside all stages.
 *
 * @category combinators
 * @since 0.1.0
 */
export const stream = (
  stages: Stages,
  attempt: Stream.Stream<StreamEvent, StreamError>
): Stream.Stream<StreamEvent, StreamError> =>
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
