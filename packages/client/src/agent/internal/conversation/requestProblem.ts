/** Why the host would refuse the request of a conversation, where the type of the conversation does not show it. */
import type { ChatRequest } from "@kimi-effect/core/ChatRequest"
import type { Message } from "@kimi-effect/core/Message"
import * as ModelCatalog from "@kimi-effect/core/ModelCatalog"
import {
  EmptyMessageError,
  InvalidRequestError,
  MissingReasoningError,
  ToolHistoryError
} from "@kimi-effect/core/ValidationErrors"
import { hasEmptyPart, isEmpty, matchResults, unreasonedCalls } from "../../../internal/rules/history.ts"

const emptyMessage = (messages: ReadonlyArray<Message>): EmptyMessageError | undefined => {
  const index = messages.findIndex((message) => isEmpty(message) || hasEmptyPart(message))
  const message = messages[index]
  if (message === undefined) return undefined
  const lack = isEmpty(message) ? "has no content" : "has an empty text part"
  return new EmptyMessageError({
    message: `The ${message.role} message ${index} ${lack}`,
    parameter: `messages[${index}]`
  })
}

/** Whether the model of a request may require the reasoning of earlier calls. */
const mayThink = ({ model, thinking }: ChatRequest): boolean =>
  thinking?.type !== "disabled" && (model === undefined || ModelCatalog.find(model)?.capabilities.thinking !== "none")

const missingReasoning = (messages: ReadonlyArray<Message>): MissingReasoningError | undefined => {
  const index = unreasonedCalls(messages)
  return index < 0
    ? undefined
    : new MissingReasoningError({
        message: `The assistant message ${index} has tool calls but no reasoning_content`,
        parameter: `messages[${index}]`
      })
}

const unmatchedCalls = (messages: ReadonlyArray<Message>): ToolHistoryError | undefined => {
  const { problem, repeated } = matchResults(messages)
  const first = repeated ?? problem
  return first && new ToolHistoryError({ message: first.message, parameter: `messages[${first.index}]` })
}

const partialJson = ({ messages, response_format }: ChatRequest): InvalidRequestError | undefined => {
  const last = messages.at(-1)
  return last?.role === "assistant" && last.partial === true && response_format?.type === "json_object"
    ? new InvalidRequestError({
        message: "Partial Mode must not be combined with json_object",
        parameter: "response_format"
      })
    : undefined
}

/** The first problem of a request; none if the host accepts its messages. */
export const findProblem = (
  request: ChatRequest,
  requiresReasoning: boolean = mayThink(request)
): EmptyMessageError | MissingReasoningError | ToolHistoryError | InvalidRequestError | undefined =>
  emptyMessage(request.messages) ??
  unmatchedCalls(request.messages) ??
  (requiresReasoning ? missingReasoning(request.messages) : undefined) ??
  partialJson(request)
