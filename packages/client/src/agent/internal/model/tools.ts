/** The tools of a call in the form of the wire, and which of them the model may or must call. */
import type { ToolChoice, ToolDefinition } from "@kimi-effect/core/Tool"
import type { ToolSchemaError } from "@kimi-effect/core/ValidationErrors"
import type * as LanguageModel from "effect/ai/LanguageModel"
import * as Tool from "effect/ai/Tool"
import * as Result from "effect/Result"
import type { Provider } from "../../../Provider.ts"
import { hostNames } from "../tools/hostNames.ts"
import { definitionOf as define } from "../tools/toolDefinition.ts"
import { invalidCallTool } from "./invalidCall.ts"
import { originalOf } from "./toolkits.ts"

type Failure = ToolSchemaError
type Definition = Result.Result<ToolDefinition, Failure>

interface Known {
  readonly name: string
  readonly definition: Definition
}

// Tools are immutable, and describing their parameters is slow.
const known = { moonshot: new WeakMap<Tool.Any, Known>(), others: new WeakMap<Tool.Any, Known>() }

/** The definition of a tool under its name on the wire, which depends on the other tools. */
export const definitionOf = ({ name, tool }: WireTool, provider: Provider): Definition => {
  const byTool = provider.isMoonshot ? known.moonshot : known.others
  const found = byTool.get(tool)
  if (found?.name === name) return found.definition
  const definition = define(tool, name, provider)
  byTool.set(tool, { name, definition })
  return definition
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
  for (const wire of wireTools(given, provider)) {
    if (only !== undefined && wire.tool.name !== only) continue
    const definition = definitionOf(wire, provider)
    if (Result.isFailure(definition)) return Result.fail(definition.failure)
    tools.push(definition.success)
  }
  if (tools.length === 0) return none
  const choice = choiceOf(toolChoice)
  return Result.succeed({ tools, ...(choice === undefined ? {} : { tool_choice: choice }) })
}
