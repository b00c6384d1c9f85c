/** The two functions of which Effect makes a language model, over a client. */
import type { KimiError } from "@kimi-effect/core/KimiError"
import type { ChatRequest } from "@kimi-effect/core/ChatRequest"
import type { StreamEvent } from "@kimi-effect/core/StreamEvent"
import * as HostWords from "@kimi-effect/core/internal/HostWords"
import * as AiError from "effect/ai/AiError"
import * as IdGenerator from "effect/ai/IdGenerator"
import type * as LanguageModel from "effect/ai/LanguageModel"
import type * as Response from "effect/ai/Response"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import type { KimiClient } from "../../../KimiClient.ts"
import { toAiError } from "../../AiErrors.ts"
import { annotateRequest, annotateResponse, type ResponseFacts } from "./annotations.ts"
import { type CallNames, callNames } from "./calls.ts"
import { prepare } from "./request.ts"
import { toParts } from "./responseParts.ts"
import type { Settings } from "./settings.ts"
import { type Ended, StreamParts } from "./StreamParts.ts"

type Client = KimiClient["Service"]
type Options = LanguageModel.ProviderOptions
type CurrentSettings = Effect.Effect<Settings>

const warnOfLostReasoning = (count: number): Effect.Effect<void> =>
  count === 0
    ? Effect.void
    : Effect.logWarning(
        `${count} messages of the model have tool calls but lost their reasoning; they are sent with an empty one, which costs quality`
      )

/** Makes the request of a call and runs it. */
const withRequest = (
  options: Options,
  current: CurrentSettings,
  fail: (error: KimiError) => AiError.AiError
): Effect.Effect<ChatRequest, AiError.AiError> =>
  Effect.flatMap(current, (settings) => {
    const prepared = prepare(options, settings)
    if (Result.isFailure(prepared)) return Effect.fail(fail(prepared.failure))
    const { request, withoutReasoning } = prepared.success
    annotateRequest(options.span, request)
    return withoutReasoning === 0
      ? Effect.succeed(request)
      : Effect.as(warnOfLostReasoning(withoutReasoning), request)
  })

/** Values of a host can be any text, the prompt included. */
const scrubbed = (facts: ResponseFacts, { messages }: ChatRequest): ResponseFacts => ({
  ...facts,
  id: HostWords.toId(facts.id, messages) ?? "",
  model: HostWords.toModelName(facts.model, messages) ?? "",
  finishReason: HostWords.toFinishReason(facts.finishReason) ?? "other"
})

/** The host's id of a response, or a new one if it has none: ids of calls are made of it. */
const idOf = (id: string): Effect.Effect<string, never, IdGenerator.IdGenerator> =>
  id === "" ? Effect.flatMap(IdGenerator.IdGenerator, (generator) => generator.generateId()) : Effect.succeed(id)

/** Calls that no part can represent lose the response, so it fails before Effect decodes it. */
const checkCalls = (
  parts: ReadonlyArray<Response.PartEncoded | Response.StreamPartEncoded>,
  { tools }: Options,
  { hasInvalidCallTool, isDeferred }: CallNames,
  method: string
): AiError.AiError | undefined => {
  if (isDeferred || hasInvalidCallTool) return undefined
  const call = parts.find((part) => part.type === "tool-call")
  if (call === undefined || call.type !== "tool-call") return undefined
  if (tools.some(({ name }) => name === call.name)) return undefined
  const reason = new AiError.ToolNotFoundError({ toolName: call.name, availableTools: tools.map(({ name }) => name) })
  return AiError.make({ module: "KimiLanguageModel", method, reason })
}

export const generateText =
  (client: Client, current: CurrentSettings) =>
  (options: Options): Effect.Effect<Array<Response.PartEncoded>, AiError.AiError, IdGenerator.IdGenerator> => {
    const method = options.responseFormat.type === "json" ? "generateObject" : "generateText"
    const fail = toAiError(method)
    return Effect.flatMap(withRequest(options, current, fail), (request) =>
      Effect.flatMap(Effect.mapError(client.chat(request), fail), (response) =>
        Effect.flatMap(idOf(response.id), (id) => {
          annotateResponse(options.span, scrubbed(response, request))
          const names = callNames(options)
          const parts = toParts(response, id, names)
          const error = checkCalls(parts, options, names, method)
          return error === undefined ? Effect.succeed(parts) : Effect.fail(error)
        })
      )
    )
  }

const partsOf = (
  events: Stream.Stream<StreamEvent, KimiError>,
  options: Options,
  request: ChatRequest,
  fallbackId: string
): Stream.Stream<Response.StreamPartEncoded, AiError.AiError> => {
  const fail = toAiError("streamText")
  const names = callNames(options)
  const onEnd = ({ finish, start, usage }: Ended) => {
    const id = finish.id ?? start.id
    const model = finish.model ?? start.model
    annotateResponse(
      options.span,
      scrubbed({ ...start, id, model, finishReason: finish.finishReason, usage }, request)
    )
  }
  return Stream.mapAccumArrayEffect(
    Stream.mapError(events, fail),
    () => new StreamParts(names, fallbackId, onEnd),
    (state, chunk) => {
      const parts = state.push(chunk)
      if (!Array.isArray(parts)) return Effect.fail(fail(parts))
      const error = checkCalls(parts, options, names, "streamText")
      return error === undefined ? Effect.succeed([state, parts] as const) : Effect.fail(error)
    }
  )
}

export const streamText =
  (client: Client, current: CurrentSettings) =>
  (options: Options): Stream.Stream<Response.StreamPartEncoded, AiError.AiError, IdGenerator.IdGenerator> =>
    Stream.unwrap(
      Effect.flatMap(withRequest(options, current, toAiError("streamText")), (request) =>
        Effect.map(idOf(""), (fallbackId) => partsOf(client.stream(request), options, request, fallbackId))
      )
    )
