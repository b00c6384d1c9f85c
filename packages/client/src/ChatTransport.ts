/**
 * One attempt at one host, and no policy: no retry, no cache, no timeout but
 * the one on connecting.
 *
 * It is the seam below every stage: fallback, recorded traffic and mocks
 * replace this service and nothing else.
 *
 * @since 0.1.0
 */
import type {
  BalanceError,
  ChatError,
  EstimateTokensError,
  ModelsError,
  StreamError
} from "@kimi-effect/core/OperationErrors"
import type { KimiConfig } from "@kimi-effect/core/KimiConfig"
import type { Balance } from "@kimi-effect/core/Balance"
import type { ModelRequest } from "@kimi-effect/core/ChatRequest"
import type { ChatResponse } from "@kimi-effect/core/ChatResponse"
import type { Message } from "@kimi-effect/core/Message"
import type { Model } from "@kimi-effect/core/ModelList"
import type { StreamEvent } from "@kimi-effect/core/StreamEvent"
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import type * as Stream from "effect/Stream"
import * as HttpTransport from "./internal/HttpTransport.ts"
import type { Provider } from "./Provider.ts"

/**
 * One attempt of each operation. Requests come checked: `RequestCheck` is the
 * caller's business.
 *
 * @category services
 * @since 0.1.0
 */
export class ChatTransport extends Context.Service<
  ChatTransport,
  {
    /** The host that this transport calls. */
    readonly provider: Provider
    /** Asks for a whole answer. */
    readonly chat: (request: ModelRequest) => Effect.Effect<ChatResponse, ChatError>
    /** Asks for an answer as a stream. The call is made when the stream is run; leaving it closes the connection. */
    readonly stream: (request: ModelRequest) => Stream.Stream<StreamEvent, StreamError>
    /** Lists the models that the key may use. */
    readonly models: Effect.Effect<ReadonlyArray<Model>, ModelsError>
    /** Counts the tokens of a conversation at the host; tools are not counted. */
    readonly estimateTokens: (
      model: string,
      messages: ReadonlyArray<Message>
    ) => Effect.Effect<number, EstimateTokensError>
    /** Tells the money in the account. */
    readonly balance: Effect.Effect<Balance, BalanceError>
  }
>()("@kimi-effect/client/ChatTransport") {}

/**
 * Calls the configured host over HTTP. Redirects are not followed and no trace
 * headers are sent.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerHttp: Layer.Layer<ChatTransport, never, KimiConfig | HttpClient.HttpClient> = Layer.effect(
  ChatTransport,
  HttpTransport.make
)
