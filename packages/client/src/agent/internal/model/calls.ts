/**
 * The tool calls of a response as parts.
 *
 * A call that no tool can answer, because no tool has its name or its arguments
 * are no JSON object, would fail the whole response, which is paid for. It
 * becomes a call of `invalidCallTool` instead, whose result tells the model
 * what was wrong.
 */
import type { ToolCall } from "@kimi-effect/core/Tool"
import type * as LanguageModel from "effect/ai/LanguageModel"
import type * as Prompt from "effect/ai/Prompt"
import type * as Response from "effect/ai/Response"
import * as Tool from "effect/ai/Tool"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { ToolCallMetadata } from "./ToolCallMetadata.ts"

const InvalidCall = Schema.Struct({
  /** The name that the model called. */
  name: Schema.String,
  problem: Schema.Literals(["unknown tool", "invalid arguments"])
})

/** The parameters of a call of `invalidCallTool`. */
export type InvalidCall = typeof InvalidCall.Type

/** The tool that stands for calls that no tool can answer. It is never sent to the host. */
export const invalidCallTool = Tool.make("kimi_invalid_tool_call", {
  parameters: InvalidCall,
  success: Schema.Never,
  failure: Schema.String,
  failureMode: "return"
})

/** What the model is told about a call that no tool can answer. */
export const describeInvalidCall = ({ name, problem }: InvalidCall, available: ReadonlyArray<string>): string =>
  problem === "unknown tool"
    ? `There is no tool named ${name}. The tools are: ${available.join(", ")}`
    : `The arguments of ${name} are not a JSON object. Call it again with valid arguments.`

/** The names of a request's tools, and the ids of the calls in its prompt. */
export interface CallNames {
  /** The part's name of a name on the wire, if the tool exists. */
  readonly toolOf: (wireName: string) => Tool.Any | undefined
  /** Whether calls that no tool can answer are returned as they are. */
  readonly isDeferred: boolean
  /** Whether a call that no tool can answer has `invalidCallTool` to answer it. */
  readonly hasInvalidCallTool: boolean
  /** A part's id that no call of the prompt has. */
  readonly idOf: (responseId: string, wireId: string) => string
}

// Throws on members that change the prototype of an object, too.
const parse = Option.liftThrowable(Tool.unsafeSecureJsonParse)

const isObject = (value: unknown): boolean => typeof value === "object" && value !== null && !Array.isArray(value)

/** The arguments as a value; hosts send an empty text for none. */
const paramsOf = (text: string): Option.Option<unknown> =>
  text.trim() === "" ? Option.some({}) : Option.filter(parse(text), isObject)

const isProviderExecuted = (tool: Tool.Any | undefined): boolean =>
  tool !== undefined && Tool.isProviderDefined(tool) && !tool.requiresHandler

const withMetadata = (kimi: ToolCallMetadata) => ({ metadata: { kimi: { ...kimi } } })

const invalidPart = (
  id: string,
  { id: wireId, function: { name, arguments: args } }: ToolCall,
  problem: InvalidCall["problem"]
): Response.ToolCallPartEncoded => ({
  type: "tool-call",
  id,
  name: invalidCallTool.name,
  params: { name, problem } satisfies InvalidCall,
  ...withMetadata({ wireId, name, arguments: args })
})

const validPart = (
  id: string,
  { id: wireId, function: { name: wireName, arguments: args } }: ToolCall,
  tool: Tool.Any | undefined,
  params: Option.Option<unknown>
): Response.ToolCallPartEncoded => {
  const name = tool?.name ?? wireName
  const value = Option.getOrElse(params, () => args)
  return {
    type: "tool-call",
    id,
    name,
    params: value,
    ...(isProviderExecuted(tool) ? { providerExecuted: true } : {}),
    ...withMetadata({
      wireId,
      ...(name === wireName ? {} : { name: wireName }),
      ...(JSON.stringify(value) === args ? {} : { arguments: args })
    })
  }
}

/** A call as a part. */
export const toCallPart = (call: ToolCall, id: string, names: CallNames): Response.ToolCallPartEncoded => {
  const tool = names.toolOf(call.function.name)
  const params = paramsOf(call.function.arguments)
  if (names.isDeferred || !names.hasInvalidCallTool) return validPart(id, call, tool, params)
  if (tool === undefined) return invalidPart(id, call, "unknown tool")
  return Option.isNone(params) ? invalidPart(id, call, "invalid arguments") : validPart(id, call, tool, params)
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

const wireNameOf = (tool: Tool.Any): string => (Tool.isProviderDefined(tool) ? tool.providerName : tool.name)

/** The names and ids of one request, found when its first call arrives: most responses have none. */
export const callNames = ({ prompt, toolCallValidation, tools }: LanguageModel.ProviderOptions): CallNames => {
  let byName: ReadonlyMap<string, Tool.Any> | undefined
  let used: Set<string> | undefined
  return {
    isDeferred: toolCallValidation === "deferred",
    hasInvalidCallTool: tools.includes(invalidCallTool),
    toolOf: (name) => {
      byName ??= new Map(tools.filter((tool) => tool !== invalidCallTool).map((tool) => [wireNameOf(tool), tool]))
      return byName.get(name)
    },
    idOf: (responseId, wireId) => {
      used ??= idsOf(prompt)
      const id = unusedId(`${responseId}/${wireId}`, used)
      used.add(id)
      return id
    }
  }
}
