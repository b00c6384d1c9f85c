/**
 * A `KimiClient` with scripted responses, for tests of applications without a
 * server or network.
 *
 * **Example** (One response, then a rate limit)
 *
 * ```ts
 * const program = Effect.gen(function* () {
 *   const kimi = yield* KimiClient.KimiClient
 *   return yield* kimi.chat({ messages: [{ role: "user", content: "Hi" }] })
 * }).pipe(Effect.provide(MockKimiClient.layer({ chat: ["Hello!", rateLimited] })))
 * ```
 *
 * @since 0.1.0
 */
import { KimiClient, makeWith } from "@kimi-effect/client/KimiClient"
import * as KimiError from "@kimi-effect/core/KimiError"
import type {
  BalanceError,
  ChatError,
  EstimateTokensError,
  ModelsError,
  StreamError
} from "@kimi-effect/core/OperationErrors"
import type { Balance } from "@kimi-effect/core/Balance"
import type { ChatRequest } from "@kimi-effect/core/ChatRequest"
import { ChatResponse } from "@kimi-effect/core/ChatResponse"
import type { SystemMetrics } from "@kimi-effect/core/Metrics"
import type { SystemHealth } from "@kimi-effect/core/SystemHealth"
import type { Model } from "@kimi-effect/core/ModelList"
import type { StreamEvent } from "@kimi-effect/core/StreamEvent"
import * as StreamFold from "@kimi-effect/core/StreamFold"
import type { ToolCall } from "@kimi-effect/core/Tool"
import { fromTokens, type Usage } from "@kimi-effect/core/Usage"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"

/**
 * One scripted response: its text, a whole response, or an error.
 *
 * @category models
 * @since 0.1.0
 */
export type ScriptedResponse = string | ChatResponse | ChatError

/**
 * One scripted stream: a text or a whole response that is sent as events, the
 * events, an error before the first event, or any stream.
 *
 * @category models
 * @since 0.1.0
 */
export type ScriptedStream =
  | string
  | ChatResponse
  | ReadonlyArray<StreamEvent>
  | StreamError
  | Stream.Stream<StreamEvent, StreamError>

/**
 * Responses in order, or a function from each request to its response.
 *
 * @category models
 * @since 0.1.0
 */
export type Script<A> = ReadonlyArray<A> | ((request: ChatRequest) => A)

/**
 * The script of every operation. Calling an operation that has no script, or
 * whose list is used up, is a defect that names the operation.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options {
  readonly chat?: Script<ScriptedResponse>
  /** Defaults to the script of `chat`, sent as events. */
  readonly stream?: Script<ScriptedStream>
  readonly models?: ReadonlyArray<Model> | ModelsError
  readonly estimateTokens?: number | EstimateTokensError
  readonly balance?: Balance | BalanceError
  /** Defaults to the metrics of an idle client. */
  readonly metrics?: SystemMetrics
  /** Defaults to healthy, with no components. */
  readonly health?: SystemHealth
}

/** The metrics of an idle client. */
const idleMetrics: SystemMetrics = {
  at: 0,
  retryBudget: { remaining: 500, capacity: 500 },
  providers: [],
  breakers: [],
  connections: [],
  budgets: []
}

/**
 * The requests that a mock client has received.
 *
 * @category services
 * @since 0.1.0
 */
export class MockKimiClient extends Context.Service<
  MockKimiClient,
  {
    /** Requests of `chat` and `stream`, oldest first. */
    readonly requests: Effect.Effect<ReadonlyArray<ChatRequest>>
  }
>()("@kimi-effect/testing/MockKimiClient") {}

/**
 * A whole response for a script.
 *
 * @category constructors
 * @since 0.1.0
 */
export const response = (fields: {
  readonly text?: string
  readonly reasoning?: string
  readonly toolCalls?: ReadonlyArray<{ readonly id?: string; readonly name: string; readonly arguments: string }>
  /** Defaults to `tool_calls` when there are tool calls, otherwise to `stop`. */
  readonly finishReason?: string
  readonly usage?: Partial<Usage>
}): ChatResponse => {
  const calls = (fields.toolCalls ?? []).map((call, index): ToolCall => ({
    id: call.id ?? `${call.name}_${index}`,
    type: "function",
    function: { name: call.name, arguments: call.arguments }
  }))
  const prompt = fields.usage?.prompt_tokens ?? 0
  const completion = fields.usage?.completion_tokens ?? 0
  return new ChatResponse({
    id: "chatcmpl-mock",
    model: "kimi-k3",
    created: 0,
    provider: "moonshot",
    choices: [
      {
        index: 0,
        message: {
          role: "assistant",
          content: fields.text ?? "",
          ...(fields.reasoning === undefined ? {} : { reasoning_content: fields.reasoning }),
          ...(calls.length === 0 ? {} : { tool_calls: calls })
        },
        finish_reason: fields.finishReason ?? (calls.length === 0 ? "stop" : "tool_calls")
      }
    ],
    usage: {
      ...fromTokens(prompt, completion),
      ...fields.usage
    }
  })
}

const toResponse = (scripted: string | ChatResponse): ChatResponse =>
  typeof scripted === "string" ? response({ text: scripted }) : scripted

const unscripted = (operation: string, reason: string): Effect.Effect<never> =>
  Effect.die(new Error(`MockKimiClient: ${operation} was called, but its script ${reason}`))

/** Every member of the client, without a script. */
const unscriptedClient = makeWith({
  effect: (_, member) => unscripted(member, "is missing"),
  stream: (_, member) => Stream.unwrap(unscripted(member, "is missing")),
  text: () => "mock"
})

/** Returns the next item of a script for each call. */
const makePlayer = <A>(operation: string, script: Script<A> | undefined) => {
  let position = 0
  return (request: ChatRequest): Effect.Effect<A> =>
    Effect.suspend(() => {
      if (script === undefined) return unscripted(operation, "is missing")
      if (typeof script === "function") return Effect.succeed(script(request))
      const item = script[position++]
      return item === undefined ? unscripted(operation, "is used up") : Effect.succeed(item)
    })
}

const toStream = (events: ScriptedStream): Stream.Stream<StreamEvent, StreamError> => {
  if (Stream.isStream(events)) return events
  if (KimiError.isKimiError(events)) return Stream.fail(events)
  return Stream.fromIterable(
    typeof events === "string" || events instanceof ChatResponse ? StreamFold.toEvents(toResponse(events)) : events
  )
}

const toEffect = <A, E>(operation: string, scripted: A | E | undefined): Effect.Effect<A, E> => {
  if (scripted === undefined) return unscripted(operation, "is missing")
  // No operation succeeds with a value for which the guard holds.
  return KimiError.isKimiError(scripted) ? Effect.fail(scripted as E) : Effect.succeed(scripted as A)
}

/**
 * A client with scripted responses, and the requests it has received.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: Options): Layer.Layer<KimiClient | MockKimiClient> =>
  Layer.effectContext(
    Effect.sync(() => {
      const requests: Array<ChatRequest> = []
      const record = (request: ChatRequest) => Effect.sync(() => void requests.push(request))
      const nextChat = makePlayer("chat", options.chat)
      const nextStream = options.stream === undefined ? nextChat : makePlayer("stream", options.stream)
      const client = KimiClient.of({
        ...unscriptedClient,
        chat: (request) =>
          Effect.flatMap(Effect.andThen(record(request), nextChat(request)), (scripted) =>
            typeof scripted === "string" || scripted instanceof ChatResponse
              ? Effect.succeed(toResponse(scripted))
              : Effect.fail(scripted)
          ),
        stream: (request) => Stream.unwrap(Effect.map(Effect.andThen(record(request), nextStream(request)), toStream)),
        models: toEffect<ReadonlyArray<Model>, ModelsError>("models", options.models),
        estimateTokens: () => toEffect<number, EstimateTokensError>("estimateTokens", options.estimateTokens),
        balance: toEffect<Balance, BalanceError>("balance", options.balance),
        metrics: Effect.succeed(options.metrics ?? idleMetrics),
        health:
          options.health === undefined
            ? Effect.map(DateTime.now, (checkedAt) => ({ status: "healthy", checkedAt, components: [] }))
            : Effect.succeed(options.health)
      })
      return Context.make(KimiClient, client).pipe(
        Context.add(MockKimiClient, { requests: Effect.sync(() => [...requests]) })
      )
    })
  )
