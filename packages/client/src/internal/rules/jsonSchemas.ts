/** Rules on JSON Schemas: those of tools, and that of a structured response. */
import type { ModelRequest } from "@kimi-effect/core/ChatRequest"
import type { ToolDefinition } from "@kimi-effect/core/Tool"
import { InvalidRequestError, ToolSchemaError } from "@kimi-effect/core/ValidationErrors"
import { findSchemaProblem, type SchemaNode, type SchemaProblem } from "./moonshotSchema.ts"
import { errorMembers, type Rule } from "./Rule.ts"

const rootProblem: SchemaProblem = { path: "", reason: 'type is required and must be "object"' }

const describe = (parameter: string, { path, reason }: SchemaProblem): string =>
  `${parameter} is not Moonshot-flavored JSON Schema, at ${path === "" ? "its root" : path}: ${reason}`

const problemOf = (parameters: SchemaNode): SchemaProblem | undefined =>
  parameters["type"] === "object" ? findSchemaProblem(parameters) : rootProblem

interface InvalidSchema {
  readonly parameter: string
  readonly problem: SchemaProblem
}

const firstIn = (tools: ReadonlyArray<ToolDefinition> | undefined, prefix: string): InvalidSchema | undefined => {
  for (const [index, tool] of (tools ?? []).entries()) {
    const parameters = tool.type === "function" ? tool.function.parameters : undefined
    const problem = parameters === undefined ? undefined : problemOf(parameters)
    if (problem !== undefined) return { parameter: `${prefix}tools[${index}].function.parameters`, problem }
  }
  return undefined
}

const firstInMessages = ({ messages }: ModelRequest): InvalidSchema | undefined => {
  for (const [index, message] of messages.entries()) {
    const found = message.role === "system" ? firstIn(message.tools, `messages[${index}].`) : undefined
    if (found !== undefined) return found
  }
  return undefined
}

/** Refuses parameters of tools for which Moonshot fails the whole request. Other hosts have other rules. */
export const toolSchemas: Rule = (request, target) => {
  const found = target.provider.isMoonshot ? (firstIn(request.tools, "") ?? firstInMessages(request)) : undefined
  if (found === undefined) return undefined
  const { parameter, problem } = found
  const members = errorMembers(request, target, describe(parameter, problem))
  return { error: new ToolSchemaError({ ...members, parameter, path: problem.path }) }
}

const responseParameter = "response_format.json_schema.schema"

/** Refuses the schema of a structured response by the same rules. */
export const responseSchema: Rule = (request, target) => {
  const format = request.response_format
  if (!target.provider.isMoonshot || format?.type !== "json_schema") return undefined
  const problem = problemOf(format.json_schema.schema)
  if (problem === undefined) return undefined
  const members = errorMembers(request, target, describe(responseParameter, problem))
  return { error: new InvalidRequestError({ ...members, parameter: responseParameter }) }
}
