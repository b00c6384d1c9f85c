/**
 * What the stages are told of a call: the request and whom it is put to.
 *
 * A stage sees the call itself and not only its effect, so that it can put
 * another call in its place: another host, another model, a longer
 * conversation.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type { ChatError, StreamError } from "../errors/OperationErrors.ts"
import type { ModelRequest } from "../models/ChatRequest.ts"
import type { ChatResponse } from "../models/ChatResponse.ts"
import type { StreamEvent } from "../models/StreamEvent.ts"

/**
 * A checked request and the account that it is put to.
 *
 * @category models
 * @since 0.1.0
 */
export interface Call {
  /** The account at a host: its limits and its circuits are its own. The id of the host, or a name given to it. */
  readonly account: string
  /** The host, by the id of its provider description. */
  readonly provider: string
  readonly request: ModelRequest
}

/**
 * Makes a call and gives the whole answer.
 *
 * @category models
 * @since 0.1.0
 */
export type Attempt = (call: Call) => Effect.Effect<ChatResponse, ChatError>

/**
 * Makes a call and gives the answer as events.
 *
 * @category models
 * @since 0.1.0
 */
export type StreamAttempt = (call: Call) => Stream.Stream<StreamEvent, StreamError>

/**
 * The name of a call's circuit and latencies: account and model, such as
 * `moonshot/kimi-k3`.
 *
 * @category getters
 * @since 0.1.0
 */
export const keyOf = ({ account, request }: Call): string => `${account}/${request.model}`
