/** Chat and streams over HTTP: the implementation of `ChatTransport.layerHttp`. */
import { ChatCompletion } from "@kimi-effect/core/ChatCompletion"
import type { ModelRequest } from "@kimi-effect/core/ChatRequest"
import type { ChatResponse } from "@kimi-effect/core/ChatResponse"
import { KimiConfig } from "@kimi-effect/core/KimiConfig"
import type { CallError, ChatError, StreamError } from "@kimi-effect/core/OperationErrors"
import { ToolArgumentsTooLargeError } from "@kimi-effect/core/ResourceErrors"
import type { StreamEvent } from "@kimi-effect/core/StreamEvent"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Provider from "../Provider.ts"
import * as Completion from "./decodeCompletion.ts"
import { decodeStream } from "./decodeStream.ts"
import { encode } from "./encodeRequest.ts"
import * as HttpCall from "./HttpCall.ts"
import { completionFrom, type LenientBody } from "./lenientBody.ts"
import { responseIds } from "./mapError.ts"
import { fromBrokenStream } from "./mapTransportError.ts"
import type { MarkupPolicy } from "./MarkupPolicy.ts"
import { parseRateStatus } from "./rateLimitHeaders.ts"
import { StreamDecoder } from "./StreamDecoder.ts"
import type { ToolNames } from "./toolCalls.ts"

const decodeStrictly = Schema.decodeUnknownResult(ChatCompletion)

/** Decodes a body as the API sends it, or as far as it is needed. */
const decodeCompletion = (body: unknown): Result.Result<LenientBody<ChatCompletion>, Schema.SchemaError> =>
  Result.match(decodeStrictly(body), {
    onSuccess: (wire) => Result.succeed({ wire, warnings: [] }),
    onFailure: (error) => Result.fromOption(Option.fromUndefinedOr(completionFrom(body)), () => error)
  })

/** The names of the tools that a request allows, also those of its messages. */
const toolNamesOf = ({ messages, tools }: ModelRequest): ToolNames => {
  let names: ReadonlySet<string> | undefined
  return () =>
    (names ??= new Set(
      [
        ...(tools ?? []),
        ...messages.flatMap((message) => (message.role === "system" ? (message.tools ?? []) : []))
      ].map((tool) => tool.function.name)
    ))
}

/** The error of a response whose tool calls have larger arguments than `limit`. */
const checkToolArguments = (
  response: ChatResponse,
  limit: number,
  head: { readonly provider: string; readonly requestId?: string; readonly traceId?: string }
): ToolArgumentsTooLargeError | undefined =>
  response.choices.some((choice) => choice.message.tool_calls?.some((call) => call.function.arguments.length > limit))
    ? new ToolArgumentsTooLargeError({
        ...head,
        message: "The arguments of a tool call are larger than allowed",
        model: response.model,
        limit
      })
    : undefined

/** Builds the transport of the configured host. */
export const make = Effect.gen(function* () {
  const config = yield* KimiConfig
  const provider = Provider.fromConfig(config)
  const host = yield* HttpCall.makeHost(config, provider)
  const markup: MarkupPolicy = { mode: config.markup, isStrict: provider.isMoonshot }
  const post = HttpCall.jsonPost(host, "/chat/completions")

  const chat = (request: ModelRequest): Effect.Effect<ChatResponse, ChatError> => {
    const body = encode(request, { provider, model: request.model, stream: false })
    const context = HttpCall.errorContext(host, request.model, request.messages)
    return Effect.flatMap(
      HttpCall.executeJson(host, post(body), context, decodeCompletion),
      ([{ warnings, wire }, headers]): Effect.Effect<ChatResponse, ChatError> => {
        const head = { provider: provider.id, ...responseIds(headers, context.secret) }
        const response = Completion.fromCompletion(wire, head, request.model, parseRateStatus(headers), {
          markup,
          warnings
        })
        if ("_tag" in response) return Effect.fail(response)
        const tooLarge = checkToolArguments(response, config.maxToolArgumentBytes, head)
        return tooLarge === undefined ? Effect.succeed(response) : Effect.fail(tooLarge)
      }
    )
  }

  const open = Effect.fnUntraced(function* (
    request: ModelRequest
  ): Effect.fn.Return<Stream.Stream<StreamEvent, StreamError>, CallError> {
    const body = encode(request, { provider, model: request.model, stream: true })
    const context = HttpCall.errorContext(host, request.model, request.messages)
    const response = yield* HttpCall.execute(host, post(body), context)
    const contentType = response.headers["content-type"]
    if (contentType?.startsWith("text/event-stream") !== true) {
      return yield* HttpCall.failUnexpected(host, response, context, "The host did not respond with a stream")
    }
    const decoder = new StreamDecoder(
      { ...context, model: request.model, toolNames: toolNamesOf(request) },
      response.headers,
      config
    )
    return decodeStream(response.stream, decoder, (error) => fromBrokenStream(error, context))
  })

  return {
    provider: host.provider,
    chat,
    stream: (request: ModelRequest) => Stream.unwrap(open(request))
  }
})
