/** Rules that a request is checked against before it is sent. */
import type {
  ContextLengthError,
  EmptyMessageError,
  InvalidRequestError,
  MissingReasoningError,
  ModelRetiredError,
  RequestTooLargeError,
  ToolHistoryError,
  ToolSchemaError,
  UnsupportedMediaError,
  UnsupportedParameterError
} from "@kimi-effect/core/ValidationErrors"
import type { KnownModel } from "@kimi-effect/core/ModelCatalog"
import type { ModelRequest } from "@kimi-effect/core/ChatRequest"
import type { Provider } from "../../Provider.ts"

/** Every error of a check before sending. */
export type CheckError =
  | InvalidRequestError
  | UnsupportedParameterError
  | ContextLengthError
  | ModelRetiredError
  | RequestTooLargeError
  | UnsupportedMediaError
  | ToolHistoryError
  | ToolSchemaError
  | MissingReasoningError
  | EmptyMessageError

/** The host and the model that a request is checked for. */
export interface Target {
  readonly provider: Provider
  /** The catalogue's entry of the model; nothing is assumed about an unknown model. */
  readonly knownModel: KnownModel | undefined
}

/** An invalid part of a request, with a repair when there is one that keeps its meaning. */
export interface Problem {
  readonly error: CheckError
  readonly repair?: {
    readonly request: ModelRequest
    /** The change, for the log; never content. */
    readonly note: string
  }
}

/** Returns the first problem of its kind. */
export type Rule = (request: ModelRequest, target: Target) => Problem | undefined

/** Members that every error of a check has. */
export const errorMembers = (request: ModelRequest, target: Target, message: string) => ({
  message,
  provider: target.provider.id,
  model: request.model
})

/** Whether the model thinks on this request. */
export const isThinking = (request: ModelRequest, known: KnownModel): boolean => {
  switch (known.capabilities.thinking) {
    case "effort":
    case "always":
      return true
    case "switch":
      return request.thinking?.type !== "disabled"
    case "none":
      return false
  }
}
