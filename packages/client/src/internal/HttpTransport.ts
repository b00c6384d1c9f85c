/** The transport over HTTP: what `ChatTransport.layerHttp` provides. */
import * as ErrorFacts from "@kimi-effect/core/ErrorFacts"
import type {
  CallError,
  ChatError,
  HostApiError,
  ValidationError,
  StreamError
} from "@kimi-effect/core/OperationErrors"
import { InvalidResponseError } from "@kimi-effect/core/ProviderErrors"
import { ToolArgumentsTooLargeError } from "@kimi-effect/core/ResourceErrors"
import { InvalidRequestError, UnsupportedOperationError } from "@kimi-effect/core/ValidationErrors"
import { KimiConfig } from "@kimi-effect/core/KimiConfig"
import { type Balance, BalanceResponse } from "@kimi-effect/core/Balance"
import { ChatCompletion } from "@kimi-effect/core/ChatCompletion"
import type { ModelRequest } from "@kimi-effect/core/ChatRequest"
import type { ChatResponse } from "@kimi-effect/core/ChatResponse"
import type { Message } from "@kimi-effect/core/Message"
import { ModelListResponse } from "@kimi-effect/core/ModelList"
import type { StreamEvent } from "@kimi-effect/core/StreamEvent"
import { TokenEstimateResponse } from "@kimi-effect/core/TokenEstimate"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Provider from "../Provider.ts"
import * as Answer from "./decodeCompletion.ts"
import { decodeStream } from "./decodeStream.ts"
import { encode, encodeEstimate } from "./encodeRequest.ts"
import * as HttpCall from "./HttpCall.ts"
import { responseIds } from "./mapError.ts"
import { fromBrokenStream } from "./mapTransportError.ts"
import { parseRateStatus } from "./rateLimitHeaders.ts"
import { StreamDecoder } from "./StreamDecoder.ts"

const decodeCompletion = Schema.decodeUnknownResult(ChatCompletion)
const decodeModels = Schema.decodeUnknownResult(ModelListResponse)
const decodeEstimate = Schema.decodeUnknownResult(TokenEstimateResponse)
const decodeBalance = Schema.decodeUnknownResult(BalanceResponse)

/** The first call whose arguments are larger than the bound. */
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

/** Refusals of members that only a model request has. */
type RequestRefusal = Exclude<ValidationError, InvalidRequestError>

const isRequestRefusal = (error: CallError): error is RequestRefusal =>
  ErrorFacts.table[error._tag].operations === "model"

/** What is wrong with a request that names no model and holds no messages can only be the request itself. */
const mapRefusals = <A>(call: Effect.Effect<A, CallError>): Effect.Effect<A, HostApiError> =>
  Effect.mapError(call, (error) => {
    if (!isRequestRefusal(error)) return error
    const { message, provider, status, requestId, traceId } = error
    return new InvalidRequestError({
      message,
      ...(provider === undefined ? {} : { provider }),
      ...(status === undefined ? {} : { status }),
      ...(requestId === undefined ? {} : { requestId }),
      ...(traceId === undefined ? {} : { traceId })
    })
  })

/** Builds the transport of the configured host. */
export const make = Effect.gen(function* () {
  const config = yield* KimiConfig
  const provider = Provider.fromConfig(config)
  const http = yield* HttpCall.make(config, provider)

  const postChat = http.post("/chat/completions")
  const postEstimate = http.post("/tokenizers/estimate-token-count")

  const chat = (request: ModelRequest): Effect.Effect<ChatResponse, ChatError> => {
    const body = encode(request, { provider, model: request.model, stream: false })
    const call = http.describe(request.model, request.messages)
    return Effect.flatMap(
      http.json(postChat(body), call, decodeCompletion),
      ([completion, headers]): Effect.Effect<ChatResponse, ChatError> => {
        const head = { provider: provider.id, ...responseIds(headers, call.secret) }
        const answer = Answer.fromCompletion(completion, head, request.model, parseRateStatus(headers))
        if ("_tag" in answer) return Effect.fail(answer)
        const tooLarge = checkToolArguments(answer, config.maxToolArgumentBytes, head)
        return tooLarge === undefined ? Effect.succeed(answer) : Effect.fail(tooLarge)
      }
    )
  }

  const open = Effect.fnUntraced(function* (
    request: ModelRequest
  ): Effect.fn.Return<Stream.Stream<StreamEvent, StreamError>, CallError> {
    const body = encode(request, { provider, model: request.model, stream: true })
    const call = http.describe(request.model, request.messages)
    const response = yield* http.execute(postChat(body), call)
    const contentType = response.headers["content-type"]
    if (contentType?.startsWith("text/event-stream") !== true) {
      return yield* http.unexpected(response, call, "The host answered a stream request with something else")
    }
    const decoder = new StreamDecoder({ ...call, model: request.model }, response.headers, config)
    return decodeStream(response.stream, decoder, (error) => fromBrokenStream(error, call))
  })

  const estimateTokens = (model: string, messages: ReadonlyArray<Message>) => {
    if (!provider.hasAccountApi) return Effect.fail(unsupported("estimateTokens"))
    const body = encodeEstimate(messages, { provider, model })
    if (Result.isFailure(body)) return Effect.fail(body.failure)
    return Effect.map(
      http.json(postEstimate(body.success), http.describe(model, messages), decodeEstimate),
      ([answer]) => answer.data.total_tokens
    )
  }

  const unsupported = (operation: string) =>
    new UnsupportedOperationError({
      message: `${provider.id} does not offer ${operation}`,
      provider: provider.id,
      operation
    })

  const readBalance = Effect.suspend(() => {
    const call = http.describe(undefined)
    return Effect.flatMap(
      mapRefusals(http.json(http.get("/users/me/balance"), call, decodeBalance)),
      ([answer]): Effect.Effect<Balance, InvalidResponseError> =>
        answer.code === 0
          ? Effect.succeed(answer.data)
          : Effect.fail(
              new InvalidResponseError({
                message: `The host answered the balance with code ${answer.code}`,
                provider: provider.id
              })
            )
    )
  })

  return {
    provider,
    chat,
    stream: (request: ModelRequest) => Stream.unwrap(open(request)),
    models: Effect.suspend(() =>
      Effect.map(mapRefusals(http.json(http.get("/models"), http.describe(undefined), decodeModels)), ([list]) =>
        "data" in list ? list.data : list
      )
    ),
    estimateTokens,
    balance: provider.hasAccountApi ? readBalance : Effect.fail(unsupported("balance"))
  }
})
