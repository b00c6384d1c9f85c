/**
 * One attempt of a chat or a stream at one host, without any policy: no retry,
 * no cache, and no timeout except the one for connecting.
 *
 * All stages run above this service. To call a host in another way than over
 * HTTP, or none, as `MockProvider` does, provide this service and nothing else.
 * Recorded traffic replaces the `HttpClient` of `layerHttp` instead. `HostApi` is
 * the counterpart for requests that call no model.
 *
 * @since 0.1.0
 */
import type { ConnectionPool } from "@kimi-effect/core/ConnectionPool"
import type { ModelRequest } from "@kimi-effect/core/ChatRequest"
import type { ChatResponse } from "@kimi-effect/core/ChatResponse"
import type { KimiConfig } from "@kimi-effect/core/KimiConfig"
import type { ChatError, StreamError } from "@kimi-effect/core/OperationErrors"
import type { StreamEvent } from "@kimi-effect/core/StreamEvent"
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import type * as Stream from "effect/Stream"
import * as HttpTransport from "./internal/HttpTransport.ts"
import type { Provider } from "./Provider.ts"

/**
 * One attempt of each operation. Requests have passed `RequestCheck`.
 *
 * @category services
 * @since 0.1.0
 */
export class ChatTransport extends Context.Service<
  ChatTransport,
  {
    /** The host that this transport calls. */
    readonly provider: Provider
    /** The connections to the host, where the transport reports them. Metrics and health show their use. */
    readonly connections?: ConnectionPool | undefined
    /** Sends a request and returns the whole response. */
    readonly chat: (request: ModelRequest) => Effect.Effect<ChatResponse, ChatError>
    /** Streams the response. The call starts when the stream runs; leaving the stream closes the connection. */
    readonly stream: (request: ModelRequest) => Stream.Stream<StreamEvent, StreamError>
  }
>()("@kimi-effect/client/ChatTransport") {}

/**
 * Calls the configured host over HTTP. Does not follow redirects and sends no
 * trace headers.
 *
 * @category layers
 * @since 0.1.0
 */
// Layers are memoized by reference, regardless of what provides them: without `fresh`, the transports of two configurations would be one.
export const layerHttp: Layer.Layer<ChatTransport, never, KimiConfig | HttpClient.HttpClient> = Layer.fresh(
  Layer.effect(ChatTransport, HttpTransport.make)
)
