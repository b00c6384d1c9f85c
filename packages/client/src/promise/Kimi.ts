/**
 * Kimi with promises, for programs that are not written with Effect.
 *
 * **Example** (A question, then a stream)
 *
 * ```ts
 * await using kimi = Kimi.make({ apiKey: process.env.KIMI_API_KEY, maxConcurrency: 10 })
 *
 * const response = await kimi.chat({ messages: [{ role: "user", content: "Hello!" }] })
 * for await (const event of kimi.stream({ messages: [response.message] })) {
 *   if (event._tag === "TextDelta") process.stdout.write(event.text)
 * }
 * ```
 *
 * **Details**
 *
 * - One object is one client: its limits, circuits, cache and budget cover all of
 *   its calls. It is built by the first call, and `close` closes its connections.
 * - Calls reject with the error classes of the library: `error instanceof
 *   RateLimitError`, or `error._tag`. Invalid options reject each call with
 *   `ConfigurationError`.
 * - A call whose signal aborts is interrupted, its connection is closed, and it
 *   rejects with the reason of the signal, as `fetch` does: by default a
 *   `DOMException` named `AbortError`.
 * - Leaving a `for await` closes the connection.
 *
 * **Gotchas**
 *
 * - This module uses `fetch`. On Node, `@kimi-effect/client/node/Kimi` has the
 *   same functions on a pool of connections, which uses less CPU.
 *
 * @since 0.1.0
 */
import type { Balance } from "@kimi-effect/core/Balance"
import * as CoreCallOptions from "@kimi-effect/core/CallOptions"
import type { ChatRequest } from "@kimi-effect/core/ChatRequest"
import type { ChatResponse } from "@kimi-effect/core/ChatResponse"
import type { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import type { Model } from "@kimi-effect/core/ModelList"
import type * as Settings from "@kimi-effect/core/Settings"
import type { StreamEvent } from "@kimi-effect/core/StreamEvent"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Layer from "effect/Layer"
import type * as ManagedRuntime from "effect/ManagedRuntime"
import * as Redacted from "effect/Redacted"
import type * as Schema from "effect/Schema"
import type { AgentEvent } from "../agent/AgentEvent.ts"
import type { AgentResult } from "../agent/AgentResult.ts"
import type { AgentState } from "../agent/AgentState.ts"
import type * as StructuredOutput from "../agent/StructuredOutput.ts"
import type * as EventStream from "../EventStream.ts"
import * as KimiClient from "../KimiClient.ts"
import type { AgentRequest, ResumeRequest } from "./AgentRequest.ts"
import { PromiseClient } from "./internal/PromiseClient.ts"

/**
 * The options of the client by their names in `KimiConfig`, with secrets as
 * plain strings. What is not given is read from the environment: `KIMI_API_KEY`
 * and the other `KIMI_` variables.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options extends Omit<Settings.Options, "apiKey" | "redisPassword"> {
  readonly apiKey?: string | Redacted.Redacted<string> | undefined
  readonly redisPassword?: string | Redacted.Redacted<string> | undefined
}

/**
 * Options of one call.
 *
 * @category options
 * @since 0.1.0
 */
export interface CallOptions extends CoreCallOptions.Options {
  /** Interrupts the call when it aborts. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Options of a `Response` that streams a call.
 *
 * @category options
 * @since 0.1.0
 */
export interface ResponseOptions extends CallOptions, Omit<EventStream.Options, "signal"> {
  /** OpenAI's chunks, or the events of the library. Defaults to `openai`. */
  readonly format?: "openai" | "events" | undefined
}

/**
 * A stream of events. It is read once, by `for await` or `response`.
 *
 * @category models
 * @since 0.1.0
 */
export interface EventIterator extends AsyncIterableIterator<StreamEvent, undefined> {
  /** Closes the connection. Leaving a `for await` does so too. */
  readonly return: () => Promise<IteratorResult<StreamEvent, undefined>>
  /** Reads the rest and returns the complete response, with what was read before. */
  readonly response: () => Promise<ChatResponse>
}

/**
 * The client.
 *
 * @category models
 * @since 0.1.0
 */
export interface Kimi extends AsyncDisposable {
  /** Sends a request and returns the whole response. Rejects with a `ChatError`. */
  readonly chat: (request: ChatRequest, options?: CallOptions) => Promise<ChatResponse>
  /** Streams the response as events. The call is made when the first one is read. Throws a `StreamError`. */
  readonly stream: (request: ChatRequest, options?: CallOptions) => EventIterator
  /** Streams the response as server-sent events, for an HTTP handler. Its body closes the call when it is cancelled. */
  readonly streamResponse: (request: ChatRequest, options?: ResponseOptions) => Promise<Response>
  /** Asks for a value of a Schema. `StructuredOutput` describes options and errors. */
  readonly object: <S extends Schema.ConstraintDecoder<unknown>>(
    request: StructuredOutput.Options<S>,
    options?: CallOptions
  ) => Promise<StructuredOutput.Output<S["Type"]>>
  /** The same, with the value while it is written. */
  readonly objectStream: <S extends Schema.ConstraintDecoder<unknown>>(
    request: StructuredOutput.Options<S>,
    options?: CallOptions
  ) => AsyncIterableIterator<StructuredOutput.OutputEvent<S["Type"]>, undefined>
  /**
   * Runs an agent to its outcome. `AgentLoop` describes options and outcomes: a
   * limit or a failed call is an outcome, and only invalid options reject. With
   * `checkpoint` the state survives an aborted signal.
   */
  readonly agent: (request: AgentRequest, options?: CallOptions) => Promise<AgentResult>
  /** The same, as events. The last one is `Finished` with the result. */
  readonly agentStream: (request: AgentRequest, options?: CallOptions) => AsyncIterableIterator<AgentEvent, undefined>
  /** Continues a run from its state, such as with decisions on its approvals. */
  readonly resumeAgent: (state: AgentState, request: ResumeRequest, options?: CallOptions) => Promise<AgentResult>
  /** The same, as events. */
  readonly resumeAgentStream: (
    state: AgentState,
    request: ResumeRequest,
    options?: CallOptions
  ) => AsyncIterableIterator<AgentEvent, undefined>
  /** Lists the models that the API key can use. Free of charge. */
  readonly models: (options?: CallOptions) => Promise<ReadonlyArray<Model>>
  /** The account balance. Free of charge. */
  readonly balance: (options?: CallOptions) => Promise<Balance>
  /**
   * Closes the client: interrupts calls, which reject with `ClientClosedError`,
   * settles what is open, and closes connections. Later calls reject too.
   */
  readonly close: () => Promise<void>
  /** The runtime, for programs that move to Effect step by step. */
  readonly runtime: ManagedRuntime.ManagedRuntime<KimiClient.KimiClient, ConfigurationError>
}

const redacted = (secret: string | Redacted.Redacted<string> | undefined) =>
  typeof secret === "string" ? Redacted.make(secret) : secret

/**
 * The options with their secrets redacted.
 *
 * @category conversions
 * @since 0.1.0
 */
export const toSettings = (given?: Options): Settings.Options => {
  // Programs in JavaScript pass `null` as well.
  const { apiKey, redisPassword, ...options }: Options = { ...given }
  return {
    ...options,
    ...(apiKey === undefined ? {} : { apiKey: redacted(apiKey) }),
    ...(redisPassword === undefined ? {} : { redisPassword: redacted(redisPassword) })
  }
}

/**
 * The client on a layer, such as one with custom stages or a mock.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromLayer = (layer: Layer.Layer<KimiClient.KimiClient, ConfigurationError>): Kimi =>
  new PromiseClient(layer)

/**
 * The client over `fetch`. Nothing is read or opened before the first call.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (options?: Options, clientOptions?: KimiClient.ClientOptions): Kimi =>
  fromLayer(Layer.provide(KimiClient.layerConfig(toSettings(options), clientOptions), FetchHttpClient.layer))
