/**
 * The replies of a `MockProvider`, in the order of the requests or by what they
 * contain: the same for its three levels.
 *
 * A script is a list of replies, a function from each request to a reply, or a
 * combination of scripts. Scripts are values: each provider plays its own copy
 * from the start, and `reset` rewinds it.
 *
 * **Example** (A tool call, then the answer; anything else is refused)
 *
 * ```ts
 * const script = Script.orElse(
 *   Script.when({ model: "kimi-k3" }, [
 *     Reply.toolCalls([{ name: "get_weather", arguments: { city: "Oslo" } }]),
 *     Script.wait("2 seconds", ["It is snowing."])
 *   ]),
 *   Script.repeat([Reply.modelNotFound()])
 * )
 * ```
 *
 * @since 0.1.0
 */
import type { ModelRequest } from "@kimi-effect/core/ChatRequest"
import type { ChatResponse } from "@kimi-effect/core/ChatResponse"
import type { ChatError, StreamError } from "@kimi-effect/core/OperationErrors"
import type { StreamEvent } from "@kimi-effect/core/StreamEvent"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import { fromIterable, isStream, type Stream } from "effect/Stream"
import { type DeepPartial, partialMatch } from "./internal/mock/partialMatch.ts"
import type { Reply } from "./Reply.ts"

/**
 * A request, as a script and the assertions of a provider see it.
 *
 * @category models
 * @since 0.1.0
 */
export interface ReceivedRequest {
  /** 1 for the first request since the provider was made or reset. */
  readonly number: number
  readonly operation: "chat" | "stream"
  readonly request: ModelRequest
  /** Unix milliseconds of the provider's clock. */
  readonly at: number
}

/**
 * One reply of a script. A text is short for `Reply.text`. Responses, events and
 * errors reach the caller as they are; they have no form on the wire, so a
 * provider at the level of HTTP dies with a message about it.
 *
 * @category models
 * @since 0.1.0
 */
export type Answer = string | Reply | ChatResponse | ChatError | StreamError | Events

/**
 * The events of one stream, made by `events`.
 *
 * @category models
 * @since 0.1.0
 */
export interface Events {
  readonly _tag: "Events"
  readonly stream: Stream<StreamEvent, StreamError>
}

/**
 * Answers in order, each an answer or another script; or a function from
 * each request to its answer, which may be an effect; or a combination.
 *
 * @category models
 * @since 0.1.0
 */
export type Script = ReadonlyArray<Answer | Script> | AnswerFunction | Combination

/**
 * @category models
 * @since 0.1.0
 */
export type AnswerFunction = (request: ModelRequest, received: ReceivedRequest) => Answer | Effect.Effect<Answer>

/**
 * A combination of scripts, made by the functions of this module.
 *
 * @category models
 * @since 0.1.0
 */
export type Combination =
  | { readonly _tag: "Sequence"; readonly scripts: ReadonlyArray<Script> }
  | { readonly _tag: "Repeat"; readonly script: Script; readonly times: number }
  | { readonly _tag: "Take"; readonly count: number; readonly script: Script }
  | { readonly _tag: "When"; readonly matches: (received: ReceivedRequest) => boolean; readonly script: Script }
  | { readonly _tag: "OrElse"; readonly script: Script; readonly otherwise: Script }
  | { readonly _tag: "Wait"; readonly duration: Duration.Input; readonly script: Script }

/**
 * A predicate of requests: a function, or the members that a request must have.
 * An array of the members must appear in that order, among others.
 *
 * @category models
 * @since 0.1.0
 */
export type RequestPredicate =
  | DeepPartial<ModelRequest>
  | ((request: ModelRequest, received: ReceivedRequest) => boolean)

/**
 * Answers one request.
 *
 * @category constructors
 * @since 0.1.0
 */
export const reply = (answer: Answer): Script => [answer]

/**
 * Fails one request with exactly this error: for errors of the client itself,
 * such as `CircuitOpenError`. Those of the host and the network have
 * constructors in `Reply`, which also work at the level of HTTP.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fail = (error: ChatError | StreamError): Script => [error]

/**
 * Answers one request with the events of a stream. A call that is not streamed
 * gets the response that they add up to.
 *
 * @category constructors
 * @since 0.1.0
 */
export const events = (given: ReadonlyArray<StreamEvent> | Stream<StreamEvent, StreamError>): Events => ({
  _tag: "Events",
  stream: isStream(given) ? given : fromIterable(given)
})

/**
 * One script after the other: the next one starts when the one before is used up.
 *
 * @category combinators
 * @since 0.1.0
 */
export const sequence = (...scripts: ReadonlyArray<Script>): Script => ({ _tag: "Sequence", scripts })

/**
 * A script again and again: `times` times, or without end by default.
 *
 * @category combinators
 * @since 0.1.0
 */
export const repeat = (script: Script, times = Number.POSITIVE_INFINITY): Script => ({ _tag: "Repeat", script, times })

/**
 * The first `count` answers of a script.
 *
 * @category combinators
 * @since 0.1.0
 */
export const take = (count: number, script: Script): Script => ({ _tag: "Take", count, script })

/**
 * A script for the requests that match. Others are not answered by it, and do
 * not use it up: `orElse` answers them.
 *
 * @category combinators
 * @since 0.1.0
 */
export const when = (predicate: RequestPredicate, script: Script): Script => ({
  _tag: "When",
  matches: toPredicate(predicate),
  script
})

/**
 * Another script for the requests that the first one does not answer, because
 * they do not match or because it is used up.
 *
 * @category combinators
 * @since 0.1.0
 */
export const orElse = (script: Script, otherwise: Script): Script => ({ _tag: "OrElse", script, otherwise })

/**
 * Every answer of a script later by a duration of the provider's clock.
 *
 * @category combinators
 * @since 0.1.0
 */
export const wait = (duration: Duration.Input, script: Script): Script => ({ _tag: "Wait", duration, script })

/**
 * A predicate as a function.
 *
 * @category conversions
 * @since 0.1.0
 */
export const toPredicate =
  (predicate: RequestPredicate): ((received: ReceivedRequest) => boolean) =>
  (received) =>
    typeof predicate === "function" ? predicate(received.request, received) : partialMatch(received.request, predicate)
