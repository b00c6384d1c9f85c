/** The tools of a call in the form of the wire, and which of them the model may or must call. */
import type { ToolChoice, ToolDefinition } from "@kimi-effect/core/Tool"
import { ToolSchemaError } from "@kimi-effect/core/ValidationErrors"
import type * as LanguageModel from "effect/ai/LanguageModel"
import * as Tool from "effect/ai/Tool"
import * as Context from "effect/Context"
import * as Result from "effect/Result"
import type { Provider } from "../../../Provider.ts"
import * as ToolSchema from "../../ToolSchema.ts"
import { HostDefined } from "../tools/HostDefined.ts"
import { hostNames } from "../tools/hostNames.ts"
import { invalidCallTool } from "./invalidCall.ts"
import { originalOf } from "./toolkits.ts"

type Failure = ToolSchemaError
type Definition = Result.Result<ToolDefinition, Failure>
type Parameters = Result.Result<ToolSchema.JsonSchema, Failure>

const describeParameters = (tool: Tool.Any, { isMoonshot }: Provider): Parameters => {
  const subject = `The tool ${tool.name}`
  if (!Tool.isDynamic(tool) || tool.jsonSchema === undefined) {
    return Result.map(ToolSchema.fromSchema(tool.parametersSchema, { subject }), ({ jsonSchema }) => jsonSchema)
  }
  return isMoonshot && !Context.get(tool.annotations, HostDefined)
    ? ToolSchema.fromJsonSchema(tool.jsonSchema, { subject })
    : Result.succeed(tool.jsonSchema as ToolSchema.JsonSchema)
}

// Tools are immutable, and describing their parameters is slow.
const described = { moonshot: new WeakMap<Tool.Any, Parameters>(), others: new WeakMap<Tool.Any, Parameters>() }

/** The parameters of a tool as they are sent. */
export const parametersOf = (tool: Tool.Any, provider: Provider): Parameters => {
  const known = provider.isMoonshot ? described.moonshot : described.others
  let parameters = known.get(tool)
  if (parameters === undefined) {
    parameters = describeParameters(tool, provider)
    known.set(tool, parameters)
  }
  return parameters
}

const functionTool = (tool: Tool.Any, name: string, provider: Provider): Definition => {
  const description = Tool.getDescription(tool)
  const strict = Tool.getStrictMode(tool)
  return Result.map(parametersOf(tool, provider), (parameters) => ({
    type: "function",
    function: {
      name,
      ...(description === undefined ? {} : { description }),
      parameters,
      ...(strict === undefined ? {} : { strict })
    }
  }))
}

const definitionOf = (tool: Tool.Any, name: string, provider: Provider): Definition => {
  if (!Tool.isProviderDefined(tool)) return functionTool(tool, name, provider)
  return provider.isMoonshot && name.startsWith("$")
    ? Result.succeed({ type: "builtin_function", function: { name } })
    : Result.fail(
        new ToolSchemaError({
          message: `The tool ${tool.name} is one of another host: ${provider.id} has no ${tool.providerName}`,
          parameter: "tools"
        })
      )
}

/** A tool, as its toolkit has it, and its name on the wire. */
export interface WireTool {
  readonly tool: Tool.Any
  readonly name: string
}

/** The tools that are sent. Moonshot restricts names; tools of the host have its own. */
export const wireTools = (tools: ReadonlyArray<Tool.Any>, { isMoonshot }: Provider): ReadonlyArray<WireTool> => {
  const sent = tools.filter((tool) => tool !== invalidCallTool).map(originalOf)
  const own = sent.filter((tool) => !Tool.isProviderDefined(tool)).map(({ name }): string => name)
  const names = isMoonshot ? hostNames(own) : own
  const byName = new Map(own.map((name, index) => [name, names[index] ?? name]))
  return sent.map((tool) => ({
    tool,
    name: Tool.isProviderDefined(tool) ? tool.providerName : (byName.get(tool.name) ?? tool.name)
  }))
}

export interface RequestTools {
  readonly tools?: ReadonlyArray<ToolDefinition>
  readonly tool_choice?: ToolChoice
}

const none: Result.Result<RequestTools, Failure> = Result.succeed({})

type Choice = LanguageModel.ProviderOptions["toolChoice"]

/**
 * A named tool is the only one that is sent, with `required`: kimi-k3 accepts
 * `required` while it thinks, and a name never.
 */
const choiceOf = (choice: Choice): ToolChoice | undefined => {
  if (typeof choice === "string") return choice === "auto" ? undefined : choice
  if ("tool" in choice) return "required"
  return choice.mode === "required" ? "required" : undefined
}

/** The tools of a request, and its tool choice. */
export const requestTools = (
  { toolChoice, tools: given }: Pick<LanguageModel.ProviderOptions, "tools" | "toolChoice">,
  provider: Provider
): Result.Result<RequestTools, Failure> => {
  const only: unknown = typeof toolChoice === "object" && "tool" in toolChoice ? toolChoice.tool : undefined
  const tools: Array<ToolDefinition> = []
  for (const { name, tool } of wireTools(given, provider)) {
    if (only !== undefined && tool.name !== only) continue
    const definition = definitionOf(tool, name, provider)
    if (Result.isFailure(definition)) return Result.fail(definition.failure)
    tools.push(definition.success)
  }
  if (tools.length === 0) return none
  const choice = choiceOf(toolChoice)
  return Result.succeed({ tools, ...(choice === undefined ? {} : { tool_choice: choice }) })
}
