/** The errors of choices that cannot be accepted. */
import type { StreamError } from "@kimi-effect/core/OperationErrors"
import { MalformedOutputError } from "@kimi-effect/core/ProviderErrors"
import { ToolArgumentsTooLargeError } from "@kimi-effect/core/ResourceErrors"
import { StreamDecodeError } from "@kimi-effect/core/StreamErrors"
import { malformedMessage } from "./decodeCompletion.ts"
import type { ChoiceProblem } from "./StreamChoices.ts"
import { maxToolCalls } from "./toolCalls.ts"

/** The stream of a choice. */
export interface ChoiceErrorContext {
  readonly members: {
    readonly provider: string
    readonly model: string
    readonly requestId?: string
    readonly traceId?: string
  }
  /** A word that is safe to show. */
  readonly finishReason: string
  readonly maxToolArgumentBytes: number
}

/** The error of a stream with such a choice. */
export const choiceError = (
  problem: ChoiceProblem,
  { finishReason, maxToolArgumentBytes, members }: ChoiceErrorContext
): StreamError => {
  switch (problem._tag) {
    case "index":
      return new StreamDecodeError({ ...members, message: "A choice of the stream has an invalid index" })
    case "whole message":
      return new StreamDecodeError({
        ...members,
        message: "A whole message of the stream differs from the content before it"
      })
    case "markup":
    case "tool call":
      return new MalformedOutputError({
        ...members,
        message: malformedMessage(problem),
        reason: problem._tag,
        finishReason
      })
    case "tool call count":
      return new StreamDecodeError({ ...members, message: `The stream has more than ${maxToolCalls} tool calls` })
    case "argument size":
      return new ToolArgumentsTooLargeError({
        ...members,
        message: "The arguments of a tool call are larger than allowed",
        limit: maxToolArgumentBytes
      })
  }
}
