/** The tools of a call in the form of the wire, and which of them the model may or must call. */
import type { ToolChoice, ToolDefinition } from "@kimi-effect/core/Tool"
import { ToolSchemaError } from "@kimi-effect/core/ValidationErrors"
import type * as LanguageModel from "effect/ai/LanguageModel"
import * as Tool from "effect/ai/Tool"
import * as Result from "effect/Result"
import { invalidCallTool } from "./calls.ts"
import { parametersOf } from "./jsonSchema.ts"
import { originalOf } from "./toolkits.ts"

type Definition = Result.Result<ToolDefinition, ToolSchemaError>

/** A tool of the host, such as `$web_search`, has the name of the host. */
const hostTool = (tool: Tool.AnyProviderDefined): Definition =>
  tool.providerName.startsWith("$")
    ? Result.succeed({ type: "builtin_function", function: { name: tool.providerName } })
    : Result.fail(
        new ToolSchemaError({ message: `The tool ${tool.id} is a tool of another provider`, parameter: tool.name })
      )

const functionTool = (tool: Tool.Any): Definition => {
  const description = Tool.getDescription(tool)
  const strict = Tool.getStrictMode(tool)
  return Result.map(parametersOf(tool), (parameters) => ({
    type: "function",
    function: {
      name: tool.name,
      ...(description === undefined ? {} : { description }),
      parameters,
      ...(strict === undefined ? {} : { strict })
    }
  }))
}

// Tools are immutable, and describing their parameters is slow.
const definitions = new WeakMap<Tool.Any, Definition>()

const definitionOf = (tool: Tool.Any): Definition => {
  const original = originalOf(tool)
  let definition = definitions.get(original)
  if (definition === undefined) {
    definition = Tool.isProviderDefined(original) ? hostTool(original) : functionTool(original)
    definitions.set(original, definition)
  }
  return definition
}

export interface RequestTools {
  readonly tools?: ReadonlyArray<ToolDefinition>
  readonly tool_choice?: ToolChoice
}

const none: Result.Result<RequestTools, ToolSchemaError> = Result.succeed({})

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

export const requestTools = ({
  toolChoice,
  tools: given
}: Pick<LanguageModel.ProviderOptions, "tools" | "toolChoice">): Result.Result<RequestTools, ToolSchemaError> => {
  if (given.length === 0) return none
  const only = typeof toolChoice === "object" && "tool" in toolChoice ? toolChoice.tool : undefined
  const tools: Array<ToolDefinition> = []
  for (const tool of given) {
    if (tool === invalidCallTool || (only !== undefined && tool.name !== only)) continue
    const definition = definitionOf(tool)
    if (Result.isFailure(definition)) return Result.fail(definition.failure)
    tools.push(definition.success)
  }
  const choice = choiceOf(toolChoice)
  return Result.succeed({ tools, ...(choice === undefined ? {} : { tool_choice: choice }) })
}
