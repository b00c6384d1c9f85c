/** The rule on response formats that a host does not apply. */
import { UnsupportedParameterError } from "@kimi-effect/core/ValidationErrors"
import { errorMembers, type Rule, type Target } from "./Rule.ts"

const hasJsonSchema = (model: string, { knownModel, provider }: Target): boolean =>
  provider.isMoonshot
    ? (knownModel?.capabilities.jsonSchema ?? true)
    : !(provider.ignoresJsonSchema?.test(model) ?? false)

/** Refuses `json_schema` where it has no effect: the response would have any shape, without an error. */
export const responseFormat: Rule = (request, target) => {
  if (request.response_format?.type !== "json_schema" || hasJsonSchema(request.model, target)) return undefined
  return {
    error: new UnsupportedParameterError({
      ...errorMembers(request, target, `${target.provider.id} does not apply json_schema for ${request.model}`),
      parameter: "response_format",
      allowed: "text, json_object",
      fix: "Use json_object with the fields in the prompt, or StructuredOutput.generate, which does so."
    })
  }
}
