/** Chat and streams over HTTP: the implementation of `ChatTransport.layerHttp`. */
import type { ModelRequest } from "@kimi-effect/core/ChatRequest"
import type { ChatResponse } from "@kimi-effect/core/ChatResponse"
import { KimiConfig } from "@kimi-effect/core/KimiConfig"
import type { CallError, ChatError, StreamError } from "@kimi-effect/core/OperationErrors"
import type { StreamEvent } from "@kimi-effect/core/StreamEvent"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as Provider from "../Provider.ts"
import { fromBody } from "./completionBody.ts"
import { decodeStream } from "./decodeStream.ts"
import { encode } from "./encodeRequest.ts"
import * as HttpCall from "./HttpCall.ts"
import { fromBrokenStream } from "./mapTransportError.ts"
import { isEventStream } from "./mediaType.ts"
import { type StreamContext, StreamDecoder } from "./StreamDecoder.ts"
import { bytesOf } from "./WebBody.ts"
import { collect } from "./streamedCompletion.ts"
import type { ToolNames } from "./toolCalls.ts"

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

/** Builds the transport of the configured host. */
export const make = Effect.gen(function* () {
  const config = yield* KimiConfig
  const provider = Provider.fromConfig(config)
  const host = yield* HttpCall.makeHost(config, provider)
  const post = HttpCall.jsonPost(host, "/chat/completions")

  const openTimeout = Duration.min(config.firstTokenTimeout, config.totalTimeout)

  const contextOf = (request: ModelRequest): StreamContext => ({
    ...HttpCall.errorContext(host, request.model, request.messages),
    model: request.model,
    choiceCount: request.n,
    toolNames: toolNamesOf(request)
  })

  const chat = (request: ModelRequest): Effect.Effect<ChatResponse, ChatError> => {
    const body = encode(request, { provider, model: request.model, stream: false })
    const context = contextOf(request)
    return Effect.flatMap(
      HttpCall.execute(host, post(body), context),
      (response): Effect.Effect<ChatResponse, ChatError> =>
        isEventStream(response.headers)
          ? collect(host, response, context, config)
          : Effect.flatMap(HttpCall.readText(host, response, context), (text) => {
              const result = fromBody(text, response, context, config)
              return "_tag" in result ? Effect.fail(result) : Effect.succeed(result)
            })
    )
  }

  const open = Effect.fnUntraced(function* (
    request: ModelRequest
  ): Effect.fn.Return<Stream.Stream<StreamEvent, StreamError>, CallError> {
    const body = encode(request, { provider, model: request.model, stream: true })
    const context = contextOf(request)
    const response = yield* HttpCall.execute(host, post(body), context, { timeout: openTimeout })
    const decoder = new StreamDecoder(context, response.headers, config)
    return decodeStream(bytesOf(response), decoder, (error) => fromBrokenStream(error, context))
  })

  return {
    provider: host.provider,
    connections: host.connections,
    chat,
    stream: (request: ModelRequest) => Stream.unwrap(open(request))
  }
})
