/** Whether the model is still there and the request fits it. */
import {
  ContextLengthError,
  ModelRetiredError,
  UnsupportedParameterError
} from "@kimi-effect/core/errors/ValidationErrors"
import type { ModelRequest } from "@kimi-effect/core/models/ChatRequest"
import { common, type Rule } from "./Rule.ts"

/** Source: Moonshot's API reference. */
const maxStops = 5
const maxStopBytes = 32

/** A model that Moonshot has switched off. */
export const retirement: Rule = (request, target) => {
  const lifecycle = target.known?.lifecycle
  if (lifecycle?.state !== "retired" || !target.provider.isMoonshot) return undefined
  const { retiredOn, successor } = lifecycle
  return {
    error: new ModelRetiredError({
      ...common(request, target, `${request.model} was switched off on ${retiredOn}; its successor is ${successor}`),
      retiredOn,
      successor
    })
  }
}

/** Number and length of stop texts. */
export const stopTexts: Rule = (request, target) => {
  if (request.stop === undefined || !target.provider.isMoonshot) return undefined
  const stops = typeof request.stop === "string" ? [request.stop] : request.stop
  const isLong = stops.some((stop) => new TextEncoder().encode(stop).length > maxStopBytes)
  if (stops.length <= maxStops && !isLong) return undefined
  const allowed = "at most 5 texts of at most 32 bytes"
  return {
    error: new UnsupportedParameterError({
      ...common(request, target, `The host takes stop only as ${allowed}`),
      parameter: "stop",
      allowed,
      fix: `Give ${allowed}.`
    })
  }
}

/**
 * Characters per token that no natural text reaches; English has about four.
 * A check before sending must never refuse what would fit, so it counts low.
 */
const charactersPerToken = 8

const characters = ({ messages }: ModelRequest): number => {
  let count = 0
  for (const { content } of messages) {
    if (typeof content === "string") count += content.length
    else for (const part of content ?? []) count += part.type === "text" ? part.text.length : 0
  }
  return count
}

/** Prompt and output beyond the window, as far as that is certain without counting tokens. */
export const overflow: Rule = (request, target) => {
  const { known } = target
  if (known === undefined) return undefined
  const limit = known.contextWindow
  const asked = request.max_completion_tokens ?? request.max_tokens
  const prompt = Math.floor(characters(request) / charactersPerToken)
  const requested = prompt + (asked ?? 0)
  if (requested <= limit) return undefined
  const { max_tokens: _, ...rest } = request
  return {
    error: new ContextLengthError({
      ...common(request, target, `At least ${requested} tokens are asked for and the window holds ${limit}`),
      limit,
      requested
    }),
    ...(asked === undefined || prompt >= limit
      ? {}
      : {
          repair: {
            request: { ...rest, max_completion_tokens: limit - prompt },
            note: `lowered max_completion_tokens to ${limit - prompt}`
          }
        })
  }
}
