/** Rules on sampling parameters that a model fixes or refuses. */
import { UnsupportedParameterError } from "@kimi-effect/core/ValidationErrors"
import type { ModelRequest } from "@kimi-effect/core/ChatRequest"
import { errorMembers, isThinking, type Problem, type Rule, type Target } from "./Rule.ts"

type Member = keyof ModelRequest

const unsupported = (
  request: ModelRequest,
  target: Target,
  parameter: Member,
  allowed: string | undefined
): Problem => {
  const { [parameter]: _, ...rest } = request
  return {
    error: new UnsupportedParameterError({
      ...errorMembers(
        request,
        target,
        allowed === undefined
          ? `${request.model} does not accept ${parameter}`
          : `${request.model} accepts ${parameter} only as ${allowed}`
      ),
      parameter,
      ...(allowed === undefined ? {} : { allowed }),
      fix: `Leave ${parameter} out.`
    }),
    // Every member that this rule removes is optional.
    repair: { request: rest as ModelRequest, note: `removed ${parameter}` }
  }
}

/** Refuses other values of a fixed temperature, top_p, n and penalties, and logprobs where they are not supported. */
export const sampling: Rule = (request, target) => {
  const { knownModel } = target
  if (knownModel === undefined || !target.provider.isMoonshot) return undefined
  const { sampling: fixed, rejectsLogprobs } = knownModel.capabilities
  if (rejectsLogprobs) {
    if (request.logprobs !== undefined) return unsupported(request, target, "logprobs", undefined)
    if (request.top_logprobs !== undefined) return unsupported(request, target, "top_logprobs", undefined)
  }
  if (fixed === undefined) return undefined
  const temperature = isThinking(request, knownModel)
    ? fixed.temperature
    : (fixed.temperatureNotThinking ?? fixed.temperature)
  const fixedValues: ReadonlyArray<readonly [Member, number]> = [
    ["temperature", temperature],
    ["top_p", fixed.topP],
    ["n", 1],
    ["presence_penalty", 0],
    ["frequency_penalty", 0]
  ]
  for (const [member, value] of fixedValues) {
    const given = request[member]
    if (given !== undefined && given !== value) return unsupported(request, target, member, String(value))
  }
  return undefined
}
