/** Reads the result of a row: a response, or the error that the same call would have failed with. */
import type { ModelRequest } from "@kimi-effect/core/ChatRequest"
import type { ChatResponse } from "@kimi-effect/core/ChatResponse"
import * as Cost from "@kimi-effect/core/Cost"
import type { ChatError } from "@kimi-effect/core/OperationErrors"
import * as TokenCount from "@kimi-effect/core/TokenCount"
import * as Usage from "@kimi-effect/core/Usage"
import * as Headers from "effect/http/Headers"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import { fromParsed } from "../../../internal/completionBody.ts"
import { toErrorObject } from "../../../internal/embeddedError.ts"
import { fromStatus } from "../../../internal/mapError.ts"
import { fromEmbeddedError, invalidResponse } from "../../../internal/responseErrors.ts"
import type { DecodeOptions, StreamContext } from "../../../internal/StreamDecoder.ts"
import type { Provider } from "../../../Provider.ts"
import type { ResultLine } from "./readResults.ts"

export interface DecodeSettings {
  readonly provider: Provider
  readonly secret: string | undefined
  readonly limits: DecodeOptions
}

/** The response or the error, and what the host bills for it. */
export interface DecodedResult {
  readonly outcome: ChatResponse | ChatError
  /** Absent when nothing was generated. */
  readonly billed: { readonly usage: Cost.BillableUsage; readonly isEstimate: boolean } | undefined
}

const head = { status: 200, headers: Headers.empty }

const decodeUsage = Schema.decodeUnknownOption(Usage.WireUsage)

const usageOf = (body: unknown): Usage.Usage | undefined =>
  Predicate.isObject(body) ? Usage.fromReport(Option.getOrUndefined(decodeUsage(body["usage"]))) : undefined

/** What a response took at least, where the host reports no usage. */
const estimate = ({ choices }: ChatResponse, request: ModelRequest | undefined): Usage.Usage => {
  let completion = 0
  for (const { message } of choices) {
    completion += TokenCount.ofText(message.content) + TokenCount.ofText(message.reasoning_content ?? "")
  }
  return Usage.fromTokens(request === undefined ? 0 : TokenCount.ofPrompt(request), completion)
}

const isResponse = (outcome: ChatResponse | ChatError): outcome is ChatResponse => !("_tag" in outcome)

/** An error without its text, which may quote a conversation that is not known. */
const withoutText = (value: unknown): unknown => {
  const { message: _, metadata: __, ...words } = toErrorObject(value)
  return { error: words }
}

type Answer = NonNullable<ResultLine["response"]>

/** A response with status 200, which may be an error too. */
const decodeAnswer = (
  body: Answer["body"],
  context: StreamContext,
  request: ModelRequest | undefined,
  limits: DecodeOptions
): DecodedResult => {
  const outcome =
    fromParsed(body, head, context, limits) ??
    invalidResponse("The result of the row is not a chat completion", context, head)
  const reported = usageOf(body)
  if (!isResponse(outcome)) {
    if (reported === undefined) return { outcome, billed: undefined }
    const { model: servedModel, tool_calls = [] } = outcome.partial ?? {}
    const tools = tool_calls.map(({ name }) => name)
    return {
      outcome,
      billed: { usage: Cost.billableUsage(reported, tools, request ?? {}, servedModel), isEstimate: false }
    }
  }
  const usage = outcome.usage ?? reported
  const used = Cost.usageOf(outcome, usage ?? estimate(outcome, request), request ?? {})
  return { outcome, billed: { usage: used, isEstimate: usage === undefined } }
}

/** A row that the host has refused. */
const decodeRefusal = (
  { body, status_code: status }: Answer,
  context: StreamContext,
  request: ModelRequest | undefined
): ChatError => {
  const shown = request === undefined ? withoutText(body) : body
  // Nothing is to be waited for: the batch has ended.
  const now = Number.POSITIVE_INFINITY
  return fromStatus({ status, headers: Headers.empty, body: JSON.stringify(shown), now }, context)
}

/** Reads a result. Without the request, an error has no text of the host. */
export const decodeResult = (
  { error, response }: ResultLine,
  model: string,
  request: ModelRequest | undefined,
  { limits, provider, secret }: DecodeSettings
): DecodedResult => {
  const context: StreamContext = {
    provider: provider.id,
    isMoonshot: provider.isMoonshot,
    model,
    secret,
    messages: request?.messages
  }
  if (response?.status_code === 200) return decodeAnswer(response.body, context, request, limits)
  if (response !== undefined) return { outcome: decodeRefusal(response, context, request), billed: undefined }
  const outcome =
    error === undefined
      ? invalidResponse("The result of the row has neither a response nor an error", context, head)
      : fromEmbeddedError(toErrorObject(request === undefined ? withoutText(error) : error), context, head)
  return { outcome, billed: undefined }
}
