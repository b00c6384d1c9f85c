/** Describes one tool to a host. */
import type { ToolDefinition } from "@kimi-effect/core/Tool"
import { ToolSchemaError } from "@kimi-effect/core/ValidationErrors"
import * as Tool from "effect/ai/Tool"
import * as Context from "effect/Context"
import * as Result from "effect/Result"
import type { Provider } from "../../../Provider.ts"
import * as ToolSchema from "../../ToolSchema.ts"
import { HostDefined } from "./HostDefined.ts"

/** Refuses the tools of a request as a whole. */
export const refuse = (message: string): Result.Result<never, ToolSchemaError> =>
  Result.fail(new ToolSchemaError({ message, parameter: "tools" }))

/** The parameters to send: an Effect Schema is always rewritten, a JSON Schema only for hosts that accept a part of it. */
const parametersOf = (
  tool: Tool.Any,
  { isMoonshot }: Provider
): Result.Result<ToolSchema.JsonSchema, ToolSchemaError> => {
  const subject = `The tool ${tool.name}`
  if (!Tool.isDynamic(tool) || tool.jsonSchema === undefined) {
    return Result.map(ToolSchema.fromSchema(tool.parametersSchema, { subject }), ({ jsonSchema }) => jsonSchema)
  }
  return isMoonshot && !Context.get(tool.annotations, HostDefined)
    ? ToolSchema.fromJsonSchema(tool.jsonSchema, { subject })
    : Result.succeed(tool.jsonSchema as ToolSchema.JsonSchema)
}

const functionDefinition = (tool: Tool.Any, name: string, parameters: ToolSchema.JsonSchema): ToolDefinition => {
  const description = Tool.getDescription(tool)
  const strict = Tool.getStrictMode(tool)
  return {
    type: "function",
    function: {
      name,
      ...(description === undefined ? {} : { description }),
      parameters,
      ...(strict === undefined ? {} : { strict })
    }
  }
}

/** The definition of a tool under its name at the host. */
export const definitionOf = (
  tool: Tool.Any,
  name: string,
  provider: Provider
): Result.Result<ToolDefinition, ToolSchemaError> => {
  if (!Tool.isProviderDefined(tool)) {
    return Result.map(parametersOf(tool, provider), (parameters) => functionDefinition(tool, name, parameters))
  }
  return provider.isMoonshot && tool.providerName.startsWith("$")
    ? Result.succeed({ type: "builtin_function", function: { name: tool.providerName } })
    : refuse(`The tool ${tool.name} is one of another host: ${provider.id} has no ${tool.providerName}`)
}
