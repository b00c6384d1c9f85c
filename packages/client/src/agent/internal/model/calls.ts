/** The tool calls of a response as parts. */
import type { ToolCall } from "@kimi-effect/core/Tool"
import type * as LanguageModel from "effect/ai/LanguageModel"
import type * as Prompt from "effect/ai/Prompt"
import type * as Response from "effect/ai/Response"
import * as Tool from "effect/ai/Tool"
import * as Result from "effect/Result"
import type { Provider } from "../../../Provider.ts"
import { mismatchIssue, namesIn } from "../tools/argumentIssues.ts"
import { findMismatch } from "../tools/checkValue.ts"
import { parseArguments } from "../tools/parseArguments.ts"
import { type InvalidCall, invalidCallTool } from "./invalidCall.ts"
import type { ToolCallMetadata } from "./ToolCallMetadata.ts"
import { definitionOf, type WireTool, wireTools } from "./tools.ts"

/** The tools of a request, and the ids of the calls in its prompt. */
export interface CallNames {
  /** The tool of a name on the wire. */
  readonly toolOf: (wireName: string) => WireTool | undefined
  /** What is wrong with the arguments of a tool without a codec, as the end of a sentence about them. */
  readonly problemOf: (tool: WireTool, params: unknown) => string | undefined
  /** Whether calls that no tool can answer are returned as they are. */
  readonly isDeferred: boolean
  /** An id that no call of the prompt has. */
  readonly idOf: (responseId: string, wireId: string) => string
}

const withMetadata = (kimi: ToolCallMetadata) => ({ metadata: { kimi } })

/** What is sent back of arguments: the prompt templates of some hosts parse those of earlier calls as JSON. */
const sendable = (args: string): string =>
  Result.isSuccess(parseArguments(args)) ? args : JSON.stringify({ invalid_arguments: args })

const invalidPart = (
  id: string,
  { id: wireId, function: { name, arguments: args } }: ToolCall,
  problem: Omit<InvalidCall, "name">
): Response.ToolCallPartEncoded => ({
  type: "tool-call",
  id,
  name: invalidCallTool.name,
  params: { name, ...problem } satisfies InvalidCall,
  ...withMetadata({ wireId, name, arguments: sendable(args) })
})

const isProviderExecuted = (tool: Tool.Any | undefined): boolean =>
  tool !== undefined && Tool.isProviderDefined(tool) && !tool.requiresHandler

const validPart = (
  id: string,
  { id: wireId, function: { name: wireName, arguments: args } }: ToolCall,
  tool: Tool.Any | undefined,
  params: unknown
): Response.ToolCallPartEncoded => {
  const name = tool?.name ?? wireName
  return {
    type: "tool-call",
    id,
    name,
    params,
    ...(isProviderExecuted(tool) ? { providerExecuted: true } : {}),
    ...withMetadata({
      wireId,
      ...(name === wireName ? {} : { name: wireName }),
      ...(JSON.stringify(params) === args ? {} : { arguments: args })
    })
  }
}

/** A call as a part with this id. */
export const toCallPart = (call: ToolCall, id: string, names: CallNames): Response.ToolCallPartEncoded => {
  const wire = names.toolOf(call.function.name)
  const params = parseArguments(call.function.arguments)
  if (names.isDeferred) {
    return validPart(
      id,
      call,
      wire?.tool,
      Result.getOrElse(params, () => call.function.arguments)
    )
  }
  if (Result.isFailure(params)) return invalidPart(id, call, { argumentsProblem: params.failure })
  if (wire === undefined) return invalidPart(id, call, {})
  const argumentsProblem = names.problemOf(wire, params.success)
  return argumentsProblem === undefined
    ? validPart(id, call, wire.tool, params.success)
    : invalidPart(id, call, { argumentsProblem })
}

/** Toolkits decode the arguments of other tools, and report by the policy of the tool what is wrong with them. */
const problemOf = (wire: WireTool, params: unknown, provider: Provider): string | undefined => {
  if (!Tool.isDynamic(wire.tool) || wire.tool.jsonSchema === undefined) return undefined
  const definition = definitionOf(wire, provider)
  if (Result.isFailure(definition) || definition.success.type !== "function") return undefined
  const { parameters = {} } = definition.success.function
  const found = findMismatch(params, parameters)
  if (found === undefined) return undefined
  const { message, path } = mismatchIssue(found, namesIn(parameters))
  return `do not match its parameters: ${path === "" ? "" : `${path}: `}${message}`
}

const idsOf = (prompt: Prompt.Prompt): Set<string> => {
  const ids = new Set<string>()
  for (const message of prompt.content) {
    if (message.role !== "assistant") continue
    for (const part of message.content) if (part.type === "tool-call") ids.add(part.id)
  }
  return ids
}

/** Some hosts number their responses with three digits, so that two turns can have the same id. */
const unusedId = (id: string, used: ReadonlySet<string>): string => {
  if (!used.has(id)) return id
  let n = 2
  while (used.has(`${id}/${n}`)) n++
  return `${id}/${n}`
}

/** The names and ids of one request, found when its first call arrives: most responses have none. */
export const callNames = (
  { prompt, toolCallValidation, tools }: LanguageModel.ProviderOptions,
  provider: Provider
): CallNames => {
  let wires: ReadonlyArray<WireTool> | undefined
  let used: Set<string> | undefined
  return {
    problemOf: (tool, params) => problemOf(tool, params, provider),
    isDeferred: toolCallValidation === "deferred",
    toolOf: (name) => {
      wires ??= wireTools(tools, provider)
      // Models that read a tool's own name somewhere else call it by that.
      return wires.find((wire) => wire.name === name) ?? wires.find(({ tool }) => tool.name === name)
    },
    idOf: (responseId, wireId) => {
      used ??= idsOf(prompt)
      const id = unusedId(`${responseId}/${wireId}`, used)
      used.add(id)
      return id
    }
  }
}
