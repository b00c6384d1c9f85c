/**
 * Rejects the tools that Kimi rejects: functions of the same name, and parameters
 * that are not Moonshot-flavoured JSON Schema. One wrong tool rejects the whole
 * request.
 *
 * The messages are those of recorded rejections; the rules are from
 * MoonshotAI/walle, `docs/mfjs-spec.md`.
 */
import type { ChatCompletionRequest } from "@kimi-effect/core/ChatRequest"
import * as Predicate from "effect/Predicate"

type Tools = NonNullable<(typeof ChatCompletionRequest.Type)["tools"]>
type Schema = { readonly [name: string]: unknown }

interface Problem {
  readonly path: string
  readonly reason: string
}

const isSchema = (value: unknown): value is Schema => Predicate.isObject(value)

const typesOf = ({ type }: Schema): ReadonlyArray<unknown> => (Array.isArray(type) ? type : [type])

const jsonType = (value: unknown): string => {
  if (value === null) return "null"
  if (Array.isArray(value)) return "array"
  return typeof value
}

const fits = (value: unknown, type: unknown): boolean =>
  jsonType(value) === type || (type === "integer" && Number.isInteger(value))

const enumReason = (schema: Schema): string | undefined => {
  const types = typesOf(schema)
  const wrong = Array.isArray(schema["enum"])
    ? schema["enum"].find((value) => !types.some((type) => fits(value, type)))
    : undefined
  return wrong === undefined
    ? undefined
    : `enum value (${String(wrong)}) does not match any type in [${types.join(", ")}]`
}

const reasonOf = (schema: Schema): string | undefined => {
  const hasType = schema["type"] !== undefined
  if ("anyOf" in schema) {
    return hasType ? "when using anyOf, type should be defined in anyOf items instead of the parent schema" : undefined
  }
  if ("$ref" in schema) {
    return hasType
      ? "when using $ref, type should be defined in the referenced schema instead of the parent schema"
      : undefined
  }
  return hasType ? enumReason(schema) : "type is not defined"
}

/** The schemas directly inside a schema, by their path. */
const innerSchemas = (schema: Schema): ReadonlyArray<readonly [path: string, inner: unknown]> => [
  ...["properties", "$defs"].flatMap((group) =>
    Object.entries(isSchema(schema[group]) ? schema[group] : {}).map(
      ([name, inner]) => [`${group}.${name}`, inner] as const
    )
  ),
  ...(Array.isArray(schema["anyOf"]) ? schema["anyOf"] : []).map((inner, index) => [`anyOf.${index}`, inner] as const),
  ...["items", "additionalProperties"].map((name) => [name, schema[name]] as const)
]

const findProblem = (schema: Schema, path: string): Problem | undefined => {
  const reason = reasonOf(schema)
  if (reason !== undefined) return { path, reason }
  for (const [name, inner] of innerSchemas(schema)) {
    const found = isSchema(inner) ? findProblem(inner, path === "" ? name : `${path}.${name}`) : undefined
    if (found !== undefined) return found
  }
  return undefined
}

const checkParameters = (parameters: Schema): string | undefined => {
  if (parameters["type"] !== "object") {
    return 'Invalid request: tools.function.parameters.type is required and must be "object"'
  }
  const problem = findProblem(parameters, "")
  return problem === undefined
    ? undefined
    : "Invalid request: tools.function.parameters is not a valid moonshot flavored json schema, details: " +
        `<At path '${problem.path}': ${problem.reason}>`
}

/** The message of the rejection, if the tools are rejected. */
export const checkTools = (tools: Tools): string | undefined => {
  const names = new Set<string>()
  for (const tool of tools) {
    if (tool.type !== "function") continue
    const { name, parameters } = tool.function
    if (names.has(name)) return `Invalid request: function name ${name} is duplicated`
    names.add(name)
    const message = parameters === undefined ? undefined : checkParameters(parameters)
    if (message !== undefined) return message
  }
  return undefined
}
