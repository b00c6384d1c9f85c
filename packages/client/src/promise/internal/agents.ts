/** Runs agents whose tools are functions of promises. */
import { InvalidRequestError, type ToolSchemaError } from "@kimi-effect/core/ValidationErrors"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { AgentHooks } from "../../agent/AgentHooks.ts"
import * as AgentLoop from "../../agent/AgentLoop.ts"
import type { AgentState } from "../../agent/AgentState.ts"
import { Validator } from "../../agent/internal/tools/Validator.ts"
import * as ToolSet from "../../agent/ToolSet.ts"
import { providers } from "../../Provider.ts"
import type * as Request from "../AgentRequest.ts"
import * as ToolParameters from "./toolParameters.ts"

/** What a function returns is sent as `JSON.stringify` writes it. */
const toJson = (value: unknown): Schema.Json =>
  typeof value === "string" ? value : (JSON.parse(JSON.stringify(value) ?? "null") as Schema.Json)

const approvalOf = ({ needsApproval }: Request.Tool) =>
  typeof needsApproval === "function"
    ? (input: unknown) => Effect.promise(async () => needsApproval(input as never))
    : needsApproval

const toolOf = (tool: Request.Tool): Result.Result<Tool.Any, InvalidRequestError | ToolSchemaError> => {
  const { description, isRepeatable = false, name } = tool
  const options = { description, success: Schema.Json, failure: Schema.Unknown, needsApproval: approvalOf(tool) }
  return Result.map(ToolParameters.read(tool), (parameters): Tool.Any =>
    parameters._tag === "Schema"
      ? Tool.make(name, { ...options, parameters: parameters.schema }).annotate(Tool.Idempotent, isRepeatable)
      : Tool.dynamic(name, { ...options, parameters: parameters.jsonSchema })
          .annotate(Tool.Idempotent, isRepeatable)
          .annotate(Validator, parameters.validate)
  )
}

/** The name of an error is all that the model gets of it. */
interface ToolFailure {
  readonly _tag: string
}

const handlerOf =
  ({ run }: Request.Tool) =>
  (input: unknown, { toolCallId = "" }: Toolkit.HandlerContext<Tool.Any>): Effect.Effect<Schema.Json, ToolFailure> =>
    Effect.tryPromise({
      // The input was decoded with the parameters of this tool.
      try: async (signal) => toJson(await run(input as never, { signal, callId: toolCallId })),
      catch: (error): ToolFailure => ({ _tag: error instanceof Error ? error.name : "Error" })
    })

/** Definitions that Moonshot accepts, which every host does. A kit for each tool, since one kit would merge equal names. */
const prepare = (
  tools: ReadonlyArray<Request.Tool>
): Effect.Effect<ToolSet.ToolSet, InvalidRequestError | ToolSchemaError> =>
  Effect.gen(function* () {
    const kits = (yield* Effect.fromResult(Result.all(tools.map(toolOf)))).map((tool) => Toolkit.make(tool))
    let handlers = Context.empty()
    for (const [index, tool] of tools.entries()) {
      const context = yield* (
        kits[index]?.toHandlers({ [tool.name]: handlerOf(tool) }) ?? Effect.succeed(Context.empty())
      )
      handlers = Context.merge(handlers, context)
    }
    const made = Effect.provideContext(ToolSet.make(kits, { provider: providers.moonshot }), handlers)
    // Every kit has its handlers, which need no services.
    return yield* made as Effect.Effect<ToolSet.ToolSet, ToolSchemaError>
  })

interface Shared {
  readonly tools?: ReadonlyArray<Request.Tool> | undefined
  readonly checkpoint?: ((state: AgentState) => Promise<void>) | undefined
}

const invalid = (parameter: string, expected: string): InvalidRequestError =>
  new InvalidRequestError({ message: `${parameter} must be ${expected}`, parameter })

/** What is wrong with a tool of a program in JavaScript. */
const toolIssue = (tool: unknown, name: string): InvalidRequestError | undefined => {
  if (!Predicate.isObject(tool)) return invalid(name, "a tool of AgentRequest.tool")
  const { jsonSchema, name: toolName, parameters, run: handler } = tool as Partial<Request.Tool>
  if (typeof toolName !== "string") return invalid(`${name}.name`, "a text")
  if (!ToolParameters.areParameters(parameters)) {
    return invalid(`${name}.parameters`, "a Standard Schema, such as one of zod, a Schema of Effect, or a JSON Schema")
  }
  if (jsonSchema !== undefined && !Predicate.isObject(jsonSchema)) return invalid(`${name}.jsonSchema`, "an object")
  return typeof handler === "function" ? undefined : invalid(`${name}.run`, "a function")
}

const optionsIssue = (options: unknown): InvalidRequestError | undefined => {
  if (!Predicate.isObject(options)) return invalid("The request", "an object")
  const { checkpoint, tools = [] } = options as Shared
  if (!Array.isArray(tools)) return invalid("tools", "a list of tools of AgentRequest.tool")
  if (checkpoint !== undefined && typeof checkpoint !== "function") return invalid("checkpoint", "a function")
  for (const [index, tool] of tools.entries()) {
    const issue = toolIssue(tool, `tools[${index}]`)
    if (issue !== undefined) return issue
  }
  return undefined
}

const optionsOf = <O extends Shared>(given: O) =>
  Effect.gen(function* () {
    const issue = optionsIssue(given)
    if (issue !== undefined) return yield* Effect.fail(issue)
    const { checkpoint, tools = [], ...options } = given
    const prepared = yield* prepare(tools)
    const hooks: AgentHooks =
      checkpoint === undefined ? {} : { checkpoint: (state) => Effect.promise(() => checkpoint(state)) }
    return { ...options, tools: prepared, hooks }
  })

export const run = (request: Request.AgentRequest) => Effect.flatMap(optionsOf(request), AgentLoop.run)

export const stream = (request: Request.AgentRequest) => Stream.unwrap(Effect.map(optionsOf(request), AgentLoop.stream))

export const resume = (state: AgentState, request: Request.ResumeRequest) =>
  Effect.flatMap(optionsOf(request), (options) => AgentLoop.resume(state, options))

export const resumeStream = (state: AgentState, request: Request.ResumeRequest) =>
  Stream.unwrap(Effect.map(optionsOf(request), (options) => AgentLoop.resumeStream(state, options)))
