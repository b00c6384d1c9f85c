/** Reads the body of a plain call: a completion, an error in its place, or a stream that was not requested. */
import { compiledCodec } from "./compiledCodec.ts"
import { ChatCompletion } from "@kimi-effect/core/ChatCompletion"
import type { ChatResponse } from "@kimi-effect/core/ChatResponse"
import type { ErrorObject } from "@kimi-effect/core/internal/ErrorBody"
import { withDetails } from "@kimi-effect/core/internal/ErrorDetails"
import type { ChatError } from "@kimi-effect/core/OperationErrors"
import type { PartialResponse } from "@kimi-effect/core/PartialResponse"
import { ToolArgumentsTooLargeError } from "@kimi-effect/core/ResourceErrors"
import * as StreamFold from "@kimi-effect/core/StreamFold"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Completion from "./decodeCompletion.ts"
import { embeddedError } from "./embeddedError.ts"
import { notThisApi } from "./HttpCall.ts"
import { completionFrom, type LenientBody } from "./lenientBody.ts"
import { responseIds } from "./responseIds.ts"
import { parseRateStatus } from "./rateLimitHeaders.ts"
import { fromEmbeddedError, parseJson, type ResponseHead, unexpectedBody } from "./responseErrors.ts"
import type { DecodeOptions, StreamContext } from "./StreamDecoder.ts"
import { fromStreamedText } from "./streamedCompletion.ts"

const decodeStrictly = compiledCodec(ChatCompletion.ast, () => Schema.decodeUnknownResult(ChatCompletion))

/** Decodes a body as the API sends it, or as far as it is needed. */
const decodeCompletion = (body: unknown): Result.Result<LenientBody<ChatCompletion>, Schema.SchemaError> =>
  Result.match(decodeStrictly(body), {
    onSuccess: (wire) => Result.succeed({ wire, warnings: [] }),
    onFailure: (error) => Result.fromOption(Option.fromUndefinedOr(completionFrom(body)), () => error)
  })

/** What a response that became an error has of it. */
const partialOf = (response: ChatResponse): PartialResponse =>
  StreamFold.toPartial(StreamFold.toEvents(response).reduce(StreamFold.step, StreamFold.empty))

/** The error of a response whose tool calls have larger arguments than `limit`. */
const checkToolArguments = (
  response: ChatResponse,
  limit: number,
  head: { readonly provider: string; readonly requestId?: string; readonly traceId?: string }
): ToolArgumentsTooLargeError | undefined => {
  const isTooLarge = ({ message: { tool_calls = [] } }: ChatResponse["choices"][number]): boolean =>
    tool_calls.some((call) => call.function.arguments.length > limit)
  if (!response.choices.some(isTooLarge)) return undefined
  const { tool_calls, ...partial } = partialOf(response)
  return new ToolArgumentsTooLargeError({
    ...head,
    message: "The arguments of a tool call are larger than allowed",
    model: response.requestedModel ?? response.model,
    limit,
    partial: { ...partial, tool_calls: tool_calls.map((call) => ({ ...call, arguments: "" })) }
  })
}

/** A completion as a response, or the error that it reports or amounts to. */
const fromDocument = (
  document: unknown,
  { headers }: ResponseHead,
  context: StreamContext,
  options: DecodeOptions
): ChatResponse | ChatError | undefined => {
  const decoded = decodeCompletion(document)
  if (Result.isFailure(decoded)) return undefined
  const { warnings, wire } = decoded.success
  const head = { provider: context.provider, ...responseIds(headers, context) }
  const response = Completion.fromCompletion(wire, head, context.model, parseRateStatus(headers), {
    markup: { mode: options.markup, isStrict: context.isMoonshot },
    warnings,
    messages: context.messages
  })
  return "_tag" in response ? response : (checkToolArguments(response, options.maxToolArgumentBytes, head) ?? response)
}

/** The error that a completion reports, with the part of the response that it has. */
const fromFailure = (
  error: ErrorObject,
  document: unknown,
  response: ResponseHead,
  context: StreamContext,
  options: DecodeOptions
): ChatError => {
  const partial = fromDocument(document, response, context, options)
  const content = partial === undefined || "_tag" in partial ? undefined : partialOf(partial)
  // A response that the host gave up is its failure, regardless of the error that it reports.
  const known = content === undefined ? error : { code: 500, ...error }
  return withDetails(fromEmbeddedError(known, context, response), content === undefined ? {} : { partial: content })
}

/** The response of a body that was parsed; `undefined` if it is neither a completion nor an error. */
export const fromParsed = (
  document: unknown,
  response: ResponseHead,
  context: StreamContext,
  options: DecodeOptions
): ChatResponse | ChatError | undefined => {
  const error = embeddedError(document)
  return error === undefined
    ? fromDocument(document, response, context, options)
    : fromFailure(error, document, response, context, options)
}

/** The response of a whole body in any format. */
export const fromBody = (
  text: string,
  response: ResponseHead,
  context: StreamContext,
  options: DecodeOptions
): ChatResponse | ChatError => {
  const document = Result.getOrUndefined(parseJson(text.startsWith("\uFEFF") ? text.slice(1) : text))
  return (
    fromParsed(document, response, context, options) ??
    fromStreamedText(text, context, response, options) ??
    unexpectedBody(text, notThisApi, context, response)
  )
}
