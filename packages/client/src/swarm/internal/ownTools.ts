/** The tools with which a model creates sub-agents and assigns tasks to them. */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import { InvalidRequestError, type ToolSchemaError } from "@kimi-effect/core/ValidationErrors"
import * as ToolSet from "../../agent/ToolSet.ts"

const CreateParameters = Schema.Struct({
  name: Schema.NonEmptyString.annotate({ description: "Unique name of the sub-agent" }),
  system_prompt: Schema.String.annotate({ description: "Its role, what it knows, and how it must answer" }),
  tools: Schema.optionalKey(
    Schema.Array(Schema.String).annotate({ description: "Names of the tools that it may use; all when omitted" })
  )
})

const AssignParameters = Schema.Struct({
  agent: Schema.NonEmptyString.annotate({ description: "Name of a sub-agent that exists" }),
  prompt: Schema.String.annotate({ description: "The whole task: the sub-agent knows nothing else" })
})

// Idempotent: a swarm that is resumed continues its agents where they were.
const CreateSubagent = Tool.make("create_subagent", {
  description: "Creates a sub-agent with its own instructions. It does nothing until a task is assigned to it.",
  parameters: CreateParameters,
  success: Schema.String
}).annotate(Tool.Idempotent, true)

const AssignTask = Tool.make("assign_task", {
  description:
    "Assigns a task to a sub-agent and returns its result. Tasks that are assigned in one turn run in parallel.",
  parameters: AssignParameters,
  success: Schema.String
}).annotate(Tool.Idempotent, true)

const kit = Toolkit.make(CreateSubagent, AssignTask)

const isOwn = (name: string): name is "create_subagent" | "assign_task" =>
  name === "create_subagent" || name === "assign_task"

export { isOwn }

/** The definitions of the tools. The hook of the swarm runs their calls, so that the handlers are never reached. */
export const make: Effect.Effect<ToolSet.ToolSet, ToolSchemaError> = ToolSet.make(kit).pipe(
  Effect.provide(
    kit.toLayer({
      create_subagent: () => Effect.die(new Error("create_subagent has no handler")),
      assign_task: () => Effect.die(new Error("assign_task has no handler"))
    })
  )
)

const decodeCreate = Schema.decodeUnknownResult(Schema.fromJsonString(CreateParameters))
const decodeAssign = Schema.decodeUnknownResult(Schema.fromJsonString(AssignParameters))

export const createArguments = (text: string) => Result.getOrUndefined(decodeCreate(text))

export const assignArguments = (text: string) => Result.getOrUndefined(decodeAssign(text))

/** Checks that tools which are granted exist. A name that is misspelled would grant nothing. */
export const checkGrants = <R>(
  tools: ToolSet.ToolSet<R> | undefined,
  grants: { readonly [parameter: string]: ReadonlyArray<string> | undefined }
): Effect.Effect<void, InvalidRequestError> => {
  for (const [parameter, names = []] of Object.entries(grants)) {
    const unknown = names.filter((name) => tools?.names.includes(name) !== true)
    if (unknown.length === 0) continue
    const known = tools === undefined ? "the swarm has no tools" : `its tools are ${tools.names.join(", ")}`
    const message = `${parameter} has ${unknown.join(", ")}, which the swarm does not have: ${known}`
    return Effect.fail(new InvalidRequestError({ message, parameter }))
  }
  return Effect.void
}

/** The tools of the given names. */
export const granted = <R>(
  tools: ToolSet.ToolSet<R> | undefined,
  names: ReadonlyArray<string> | undefined
): ToolSet.ToolSet<R> | undefined => {
  if (tools === undefined || names === undefined) return tools
  const allowed = new Set(names)
  const hostNames = new Set(names.flatMap((name) => tools.hostName(name) ?? []))
  const definitions = tools.definitions.filter((definition) => hostNames.has(definition.function.name))
  if (definitions.length === 0) return undefined
  return {
    definitions,
    names: tools.names.filter((name) => allowed.has(name)),
    hostName: (tool) => (allowed.has(tool) ? tools.hostName(tool) : undefined),
    decode: (call) => (hostNames.has(call.name) ? tools.decode(call) : tools.decode({ ...call, name: "" })),
    run: tools.run
  }
}

/** The tools of two sets, whose names differ. */
export const merged = <R>(own: ToolSet.ToolSet, tools: ToolSet.ToolSet<R> | undefined): ToolSet.ToolSet<R> => {
  if (tools === undefined) return own
  return {
    definitions: [...own.definitions, ...tools.definitions],
    names: [...own.names, ...tools.names],
    hostName: (tool) => (isOwn(tool) ? own.hostName(tool) : tools.hostName(tool)),
    decode: (call) => (isOwn(call.name) ? own.decode(call) : tools.decode(call)),
    run: (call, options) => tools.run(call, options)
  }
}
