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

/** Whether a result is a failure, whose text may quote the conversation. */
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
  if (response === undefined) {
    const outcome =
      error === undefined
        ? invalidResponse("The result of the row has neither a response nor an error", context, head)
        : fromEmbeddedError(toErrorObject(error), context, head)
    return { outcome, billed: undefined }
  }
  const { body, status_code: status } = response
  if (status !== 200) {
    // Nothing is to be waited for: the batch has ended.
    const received = { status, headers: Headers.empty, body: JSON.stringify(body), now: Number.POSITIVE_INFINITY }
    return { outcome: fromStatus(received, context), billed: undefined }
  }
  const outcome =
    fromParsed(body, head, context, limits) ??
    invalidResponse("The result of the row is not a chat completion", context, head)
  const reported = usageOf(body)
  if (!isResponse(outcome)) {
    return { outcome, billed: reported && { usage: reported, isEstimate: false } }
  }
  const usage = outcome.usage ?? reported
  return {
    outcome,
    billed: {
      usage: Cost.billableUsage(usage ?? estimate(outcome, request), Cost.toolNames(outcome), request ?? {}),
      isEstimate: usage === undefined
    }
  }
}
