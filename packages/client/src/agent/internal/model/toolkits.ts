/**
 * The toolkit of a call as the model of the call uses it.
 *
 * - Parameters are decoded from JSON. Effect describes the JSON form of a
 *   parameter to the model and decodes another one, so that a date would never
 *   decode; worse, a tool whose approval depends on its parameters would then
 *   run without approval.
 * - The arguments stay off the span: `Toolkit` writes them on it.
 * - A call that no tool can run gets a result with the reason, for the model.
 */
import type * as AiError from "effect/ai/AiError"
import * as Tool from "effect/ai/Tool"
import type * as Toolkit from "effect/ai/Toolkit"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { describe, type InvalidCall, invalidCallTool } from "./invalidCall.ts"
import { withoutArguments } from "../tools/withoutArguments.ts"

type Tools = Record<string, Tool.Any>
export type AnyToolkit = Toolkit.WithHandler<Tools>
type Handle = AnyToolkit["handle"]

/** A tool whose parameters are decoded from JSON, and that decoder without the handler's types. */
interface JsonTool {
  readonly tool: Tool.Any
  readonly toEncoded: (params: unknown) => Effect.Effect<unknown, Schema.SchemaError>
}

const isJson = (tool: Tool.Any): boolean =>
  Tool.isDynamic(tool) || Tool.isProviderDefined(tool) || !Schema.isSchema(tool.parametersSchema)

const unchanged = (params: unknown): Effect.Effect<unknown, Schema.SchemaError> => Effect.succeed(params)

const makeJsonTool = (tool: Tool.Any): JsonTool => {
  if (isJson(tool)) return { tool, toEncoded: unchanged }
  // The schemas of `Tool.Any` have no services in their types; those of a handler are provided by the call.
  const encoded = Schema.toCodecJson(Schema.toEncoded(tool.parametersSchema)) as unknown as Schema.Codec<unknown>
  return {
    tool: tool.setParameters(Schema.toCodecJson(tool.parametersSchema)),
    toEncoded: Schema.decodeUnknownEffect(encoded)
  }
}

// Tools are immutable, and compiling their codecs is slow.
const jsonTools = new WeakMap<Tool.Any, JsonTool>()
const originals = new WeakMap<Tool.Any, Tool.Any>()

const jsonTool = (tool: Tool.Any): JsonTool => {
  let made = jsonTools.get(tool)
  if (made === undefined) {
    made = makeJsonTool(tool)
    jsonTools.set(tool, made)
    originals.set(made.tool, tool)
  }
  return made
}

/** The tool as its toolkit has it. */
export const originalOf = (tool: Tool.Any): Tool.Any => originals.get(tool) ?? tool

const answerInvalidCall = (params: unknown, tools: Tools) => {
  const result = describe(params as InvalidCall, Object.keys(tools))
  return Effect.succeed(
    Stream.succeed({ result, encodedResult: result, isFailure: true, failureOrigin: "parameters", preliminary: false })
  )
}

type HandleResult = Effect.Effect<Stream.Stream<never, AiError.AiError>, AiError.AiError>

const makeHandle =
  (toolkit: AnyToolkit): Handle =>
  (name, params, toolCallId, options) => {
    // The type of a result depends on the tool, and this one is not among the caller's.
    if (name === invalidCallTool.name) return answerInvalidCall(params, toolkit.tools) as unknown as HandleResult
    const tool = Object.hasOwn(toolkit.tools, name) ? toolkit.tools[name] : undefined
    if (tool === undefined) return withoutArguments(toolkit.handle(name, params, toolCallId, options))
    // Invalid arguments are the toolkit's to report, by the policy of the tool.
    const encoded = Effect.orElseSucceed(jsonTool(tool).toEncoded(params), () => params)
    return Effect.flatMap(encoded, (value) =>
      withoutArguments(toolkit.handle(name, value as typeof params, toolCallId, options))
    )
  }

const makeAdapted = (toolkit: AnyToolkit): AnyToolkit => {
  const tools = Object.values(toolkit.tools).map((tool) => jsonTool(tool).tool)
  tools.push(invalidCallTool)
  return { tools: Object.fromEntries(tools.map((tool) => [tool.name, tool])), handle: makeHandle(toolkit) }
}

const adapted = new WeakMap<AnyToolkit, AnyToolkit>()

/** The toolkit that a language model of Effect is given in place of the caller's. */
export const adapt = (toolkit: AnyToolkit): AnyToolkit => {
  let made = adapted.get(toolkit)
  if (made === undefined) {
    made = makeAdapted(toolkit)
    adapted.set(toolkit, made)
  }
  return made
}
