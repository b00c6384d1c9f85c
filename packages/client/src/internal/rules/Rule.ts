/** What a rule on requests is. */
import type {
  ContextLengthError,
  EmptyMessageError,
  InvalidRequestError,
  MissingReasoningError,
  ModelRetiredError,
  ToolHistoryError,
  UnsupportedMediaError,
  UnsupportedParameterError
} from "@kimi-effect/core/ValidationErrors"
import type { KnownModel } from "@kimi-effect/core/ModelCatalog"
import type { ModelRequest } from "@kimi-effect/core/ChatRequest"
import type { Provider } from "../../Provider.ts"

/** Every error that a check can find before a request is sent. */
export type CheckError =
  | InvalidRequestError
  | UnsupportedParameterError
  | ContextLengthError
  | ModelRetiredError
  | UnsupportedMediaError
  | ToolHistoryError
  | MissingReasoningError
  | EmptyMessageError

/** What a request is checked against. */
export interface Target {
  readonly provider: Provider
  /** What the catalogue knows of the model; nothing is assumed of an unknown one. */
  readonly knownModel: KnownModel | undefined
}

/** What is wrong, and how it can be put right without asking, if it can. */
export interface Problem {
  readonly error: CheckError
  readonly repair?: {
    readonly request: ModelRequest
    /** What was changed, for the log; never content. */
    readonly note: string
  }
}

/** Finds the first problem of its kind. */
export type Rule = (request: ModelRequest, target: Target) => Problem | undefined

/** Members that every error of a check carries. */
export const errorMembers = (request: ModelRequest, target: Target, message: string) => ({
  message,
  provider: target.provider.id,
  model: request.model
})

/** Whether the model will think on this request. */
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
