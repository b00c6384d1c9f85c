/**
 * Checks a request against the rules of its model and host before it is sent, so
 * that a rejection takes no round trip and its error explains what to change.
 *
 * The rules of a model apply only at Moonshot's hosts, which enforce them; other
 * hosts serve the same weights with different rules.
 *
 * @since 0.1.0
 */
import type * as KimiConfig from "@kimi-effect/core/KimiConfig"
import * as ModelCatalog from "@kimi-effect/core/ModelCatalog"
import type { ChatRequest, ModelRequest } from "@kimi-effect/core/ChatRequest"
import type { InvalidRequestError } from "@kimi-effect/core/ValidationErrors"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { validate } from "./internal/encodeRequest.ts"
import { tryRead } from "./internal/readRequest.ts"
import { responseSchema, toolSchemas } from "./internal/rules/jsonSchemas.ts"
import { emptyMessages, emptyParts, media, partialMode } from "./internal/rules/messages.ts"
import { requestSize } from "./internal/rules/requestSize.ts"
import type { CheckError, Rule } from "./internal/rules/Rule.ts"
import { responseFormat } from "./internal/rules/responseFormat.ts"
import { sampling } from "./internal/rules/sampling.ts"
import { forcedTool, reasoningHistory, thinkingControl } from "./internal/rules/thinking.ts"
import { loadedTools, toolHistory, toolList, toolNames } from "./internal/rules/tools.ts"
import { contextOverflow, retiredModel, stopSequences } from "./internal/rules/modelLimits.ts"
import type { Provider } from "./Provider.ts"

export type { CheckError } from "./internal/rules/Rule.ts"

/** In the order in which their problems are reported. */
const rules: ReadonlyArray<Rule> = [
  requestSize,
  retiredModel,
  emptyMessages,
  emptyParts,
  media,
  partialMode,
  responseFormat,
  thinkingControl,
  sampling,
  stopSequences,
  toolNames,
  toolList,
  loadedTools,
  toolSchemas,
  responseSchema,
  forcedTool,
  toolHistory,
  reasoningHistory,
  contextOverflow
]

/**
 * Returns the members of a request, encoded by their schemas. The rules of the
 * host are not applied.
 *
 * @category constructors
 * @since 0.1.0
 */
export const checkShape = (
  request: ModelRequest,
  provider: Provider
): Result.Result<ChatRequest, InvalidRequestError> =>
  Result.flatMap(
    tryRead(provider.id, () => validate(request, provider)),
    (result) => result
  )

/**
 * Returns the request to send, or fails with the first problem.
 *
 * With the policy `repair`, problems are repaired where that is possible. Each
 * repair is logged as a warning that contains names of members but no content.
 *
 * @category constructors
 * @since 0.1.0
 */
export const check = (
  request: ModelRequest,
  provider: Provider,
  policy: KimiConfig.Values["requestPolicy"]
): Effect.Effect<ModelRequest, CheckError> =>
  Effect.suspend(() => {
    const valid = checkShape(request, provider)
    if (Result.isFailure(valid)) return Effect.fail(valid.failure)
    const target = { provider, knownModel: ModelCatalog.find(request.model) }
    const repairs: Array<string> = []
    let current: ModelRequest = { ...valid.success, model: request.model }
    for (const rule of rules) {
      // A repair removes the problem that its rule found, so this loop ends.
      for (let problem = rule(current, target); problem !== undefined; problem = rule(current, target)) {
        if (policy === "reject" || problem.repair === undefined) return Effect.fail(problem.error)
        current = problem.repair.request
        repairs.push(problem.repair.note)
      }
    }
    if (repairs.length === 0) return Effect.succeed(current)
    return Effect.as(
      Effect.logWarning(`Repaired a request: ${repairs.join(", ")}`).pipe(
        Effect.annotateLogs({ provider: provider.id, model: request.model })
      ),
      current
    )
  })
