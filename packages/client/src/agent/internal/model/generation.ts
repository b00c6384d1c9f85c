/** The two functions of which `effect/ai` makes a language model, over a client. */
import type { KimiError } from "@kimi-effect/core/KimiError"
import type { ChatRequest } from "@kimi-effect/core/ChatRequest"
import type { ChatResponse } from "@kimi-effect/core/ChatResponse"
import type { StreamEvent } from "@kimi-effect/core/StreamEvent"
import * as HostWords from "@kimi-effect/core/internal/HostWords"
import type * as AiError from "effect/ai/AiError"
import * as IdGenerator from "effect/ai/IdGenerator"
import type * as LanguageModel from "effect/ai/LanguageModel"
import type * as Response from "effect/ai/Response"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import type { KimiClient } from "../../../KimiClient.ts"
import { toAiError } from "../../AiErrors.ts"
import { isFormatRefusal } from "../output/formatRefusal.ts"
import { annotateRequest, annotateResponse, type ResponseFacts } from "./annotations.ts"
import { type CallNames, callNames } from "./calls.ts"
import { prepare } from "./request.ts"
import { toParts } from "./responseParts.ts"
import type { KnownSettings } from "./settings.ts"
import { type Ended, StreamParts } from "./StreamParts.ts"

type Client = KimiClient["Service"]
type Options = LanguageModel.ProviderOptions
type CurrentSettings = Effect.Effect<KnownSettings>

const warnOfLostReasoning = (count: number): Effect.Effect<void> =>
  Effect.logWarning(
    `${count} messages of the model have tool calls but no reasoning; they are sent with an empty one, which costs quality`
  )

/** A call whose request is ready to be sent. */
interface Call {
  readonly options: Options
  readonly settings: KnownSettings
  readonly request: ChatRequest
  readonly names: CallNames
}

const prepareCall = (
  options: Options,
  settings: KnownSettings,
  fail: (error: KimiError) => AiError.AiError
): Effect.Effect<Call, AiError.AiError> => {
  const prepared = prepare(options, settings)
  if (Result.isFailure(prepared)) return Effect.fail(fail(prepared.failure))
  const { request, withoutReasoning } = prepared.success
  annotateRequest(options.span, request)
  const call = { options, settings, request, names: callNames(options, settings.provider) }
  return withoutReasoning === 0 ? Effect.succeed(call) : Effect.as(warnOfLostReasoning(withoutReasoning), call)
}

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

export const generateText =
  (client: Client, current: CurrentSettings) =>
  (options: Options): Effect.Effect<Array<Response.PartEncoded>, AiError.AiError, IdGenerator.IdGenerator> => {
    const fail = toAiError(options.responseFormat.type === "json" ? "generateObject" : "generateText")
    const send = (call: Call): Effect.Effect<ChatResponse, AiError.AiError> => {
      const canChangeFormat =
        call.request.response_format?.type === "json_schema" && call.settings.objectFormat === undefined
      return Effect.catch(client.chat(call.request), (error) =>
        canChangeFormat && isFormatRefusal(error)
          ? Effect.flatMap(prepareCall(options, { ...call.settings, objectFormat: "json_object" }, fail), send)
          : Effect.fail(fail(error))
      )
    }
    return Effect.flatMap(current, (settings) =>
      Effect.flatMap(prepareCall(options, settings, fail), (call) =>
        Effect.flatMap(send(call), (response) =>
          Effect.map(idOf(response.id), (id) => {
            annotateResponse(options.span, scrubbed(response, call.request))
            return toParts(response, id, call.names)
          })
        )
      )
    )
  }

/** The facts of a stream, of which the host may send some with its last event. */
const factsOf = ({ finish, start, usage }: Ended): ResponseFacts => ({
  ...start,
  id: finish.id ?? start.id,
  model: finish.model ?? start.model,
  finishReason: finish.finishReason,
  usage
})

const partsOf = (
  events: Stream.Stream<StreamEvent, KimiError>,
  call: Call,
  fallbackId: string
): Stream.Stream<Response.StreamPartEncoded, AiError.AiError> => {
  const fail = toAiError("streamText")
  const onEnd = (ended: Ended) => annotateResponse(call.options.span, scrubbed(factsOf(ended), call.request))
  return Stream.mapAccumArrayEffect(
    Stream.mapError(events, fail),
    () => new StreamParts(call.names, fallbackId, onEnd),
    (state, chunk) => {
      const parts = state.push(chunk)
      return Array.isArray(parts) ? Effect.succeed([state, parts] as const) : Effect.fail(fail(parts))
    }
  )
}

export const streamText =
  (client: Client, current: CurrentSettings) =>
  (options: Options): Stream.Stream<Response.StreamPartEncoded, AiError.AiError, IdGenerator.IdGenerator> =>
    Stream.unwrap(
      Effect.flatMap(current, (settings) =>
        Effect.flatMap(prepareCall(options, settings, toAiError("streamText")), (call) =>
          Effect.map(idOf(""), (fallbackId) => partsOf(client.stream(call.request), call, fallbackId))
        )
      )
    )
