/** One request of a language model. */
import type { ChatRequest } from "@kimi-effect/core/ChatRequest"
import type { KimiError } from "@kimi-effect/core/KimiError"
import * as ModelCatalog from "@kimi-effect/core/ModelCatalog"
import type * as LanguageModel from "effect/ai/LanguageModel"
import * as Result from "effect/Result"
import { withShape } from "../output/prompts.ts"
import { type Reasoning, toHistory } from "./messages.ts"
import { objectFormat as formatOf } from "./objectFormat.ts"
import type { KnownSettings, Settings } from "./settings.ts"
import { requestTools } from "./tools.ts"

export interface Prepared {
  readonly request: ChatRequest
  /** Messages with tool calls whose reasoning is gone. */
  readonly withoutReasoning: number
}

const reasoningOf = ({ model, thinking }: Settings): Reasoning => {
  const isSent = model === undefined || ModelCatalog.find(model)?.capabilities.thinking !== "none"
  return { isSent, isRequired: isSent && thinking?.type !== "disabled" }
}

export const prepare = (
  options: LanguageModel.ProviderOptions,
  settings: KnownSettings
): Result.Result<Prepared, KimiError> => {
  const history = toHistory(options.prompt, reasoningOf(settings))
  if (Result.isFailure(history)) return Result.fail(history.failure)
  const tools = requestTools(options, settings.provider)
  if (Result.isFailure(tools)) return Result.fail(tools.failure)
  const format = formatOf(options.responseFormat, settings)
  if (Result.isFailure(format)) return Result.fail(format.failure)
  const { objectFormat: _, provider: __, toolConcurrency: ___, ...members } = settings
  const { messages, withoutReasoning } = history.success
  const { response_format, shape } = format.success
  return Result.succeed({
    request: {
      ...members,
      messages: shape === undefined ? messages : withShape(messages, shape),
      ...tools.success,
      ...(response_format === undefined ? {} : { response_format })
    },
    withoutReasoning
  })
}
