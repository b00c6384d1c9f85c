/** Rules on the model: it is in service, and the request is within its limits. */
import { ContextLengthError, ModelRetiredError, UnsupportedParameterError } from "@kimi-effect/core/ValidationErrors"
import type { ModelRequest } from "@kimi-effect/core/ChatRequest"
import { errorMembers, type Rule } from "./Rule.ts"

/** Source: Moonshot's API reference. */
const maxStopSequences = 5
const maxStopSequenceBytes = 32

/** Refuses a model that Moonshot has switched off. */
export const retiredModel: Rule = (request, target) => {
  const lifecycle = target.knownModel?.lifecycle
  if (lifecycle?.state !== "retired" || !target.provider.isMoonshot) return undefined
  const { retiredOn, successor } = lifecycle
  return {
    error: new ModelRetiredError({
      ...errorMembers(
        request,
        target,
        `${request.model} was switched off on ${retiredOn}; its successor is ${successor}`
      ),
      retiredOn,
      successor
    })
  }
}

/** Refuses too many or too long stop sequences. */
export const stopSequences: Rule = (request, target) => {
  if (request.stop === undefined || !target.provider.isMoonshot) return undefined
  const stops = typeof request.stop === "string" ? [request.stop] : request.stop
  const isLong = stops.some((stop) => new TextEncoder().encode(stop).length > maxStopSequenceBytes)
  if (stops.length <= maxStopSequences && !isLong) return undefined
  const allowed = "at most 5 sequences of at most 32 bytes"
  return {
    error: new UnsupportedParameterError({
      ...errorMembers(request, target, `The host accepts stop only as ${allowed}`),
      parameter: "stop",
      allowed,
      fix: `Pass ${allowed}.`
    })
  }
}

/**
 * More characters per token than natural text has; English has about four. A
 * check before sending must not refuse a request that fits, so it counts low.
 */
const charactersPerToken = 8

const countCharacters = ({ messages }: ModelRequest): number => {
  let count = 0
  for (const { content } of messages) {
    if (typeof content === "string") count += content.length
    else for (const part of content ?? []) count += part.type === "text" ? part.text.length : 0
  }
  return count
}

/** Refuses prompts and outputs that exceed the window for certain, without counting tokens. */
export const contextOverflow: Rule = (request, target) => {
  const { knownModel } = target
  if (knownModel === undefined) return undefined
  const limit = knownModel.contextWindow
  const maxOutput = request.max_completion_tokens ?? request.max_tokens
  const prompt = Math.floor(countCharacters(request) / charactersPerToken)
  const requested = prompt + (maxOutput ?? 0)
  if (requested <= limit) return undefined
  const { max_tokens: _, ...rest } = request
  return {
    error: new ContextLengthError({
      ...errorMembers(request, target, `The request needs at least ${requested} tokens and the window has ${limit}`),
      limit,
      requested
    }),
    ...(maxOutput === undefined || prompt >= limit
      ? {}
      : {
          repair: {
            request: { ...rest, max_completion_tokens: limit - prompt },
            note: `lowered max_completion_tokens to ${limit - prompt}`
          }
        })
  }
}
