/** Runs agents whose tools are functions of promises. */
import type { ToolSchemaError } from "@kimi-effect/core/ValidationErrors"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { AgentHooks } from "../../agent/AgentHooks.ts"
import * as AgentLoop from "../../agent/AgentLoop.ts"
import type { AgentState } from "../../agent/AgentState.ts"
import * as ToolSet from "../../agent/ToolSet.ts"
import { providers } from "../../Provider.ts"
import type * as Request from "../AgentRequest.ts"

/** What a function returns is sent as `JSON.stringify` writes it. */
const toJson = (value: unknown): Schema.Json =>
  typeof value === "string" ? value : (JSON.parse(JSON.stringify(value) ?? "null") as Schema.Json)

const toolOf = ({ description, isRepeatable = false, name, needsApproval, parameters }: Request.Tool) =>
  Tool.make(name, {
    description,
    parameters,
    success: Schema.Json,
    failure: Schema.Unknown,
    needsApproval:
      typeof needsApproval === "function"
        ? (input) => Effect.promise(async () => needsApproval(input as never))
        : needsApproval
  }).annotate(Tool.Idempotent, isRepeatable)

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
const prepare = (tools: ReadonlyArray<Request.Tool>): Effect.Effect<ToolSet.ToolSet, ToolSchemaError> =>
  Effect.gen(function* () {
    const kits = tools.map((tool) => Toolkit.make(toolOf(tool)))
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

const optionsOf = <O extends Shared>({ checkpoint, tools = [], ...options }: O) =>
  Effect.map(prepare(tools), (prepared) => {
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
