/** What programs in JavaScript can pass and the types exclude, as errors that state what to pass. */
import { unknownName } from "@kimi-effect/core/internal/OptionRules"
import { InvalidRequestError } from "@kimi-effect/core/ValidationErrors"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { AgentLimits } from "../../agent/AgentLimits.ts"
import * as Limits from "../../agent/internal/loop/limits.ts"
import type { SwarmLimits } from "../SwarmLimits.ts"
import type { AgentProfile, MapOptions, RunOptions, SwarmOptions } from "../SwarmOptions.ts"
import { SwarmState } from "../SwarmState.ts"

export const invalid = (parameter: string, expected: string): InvalidRequestError =>
  new InvalidRequestError({ message: `${parameter} must be ${expected}`, parameter })

type Issue = InvalidRequestError | undefined

const failing = (issue: Issue): Effect.Effect<void, InvalidRequestError> =>
  issue === undefined ? Effect.void : Effect.fail(issue)

export const isText = (value: unknown): boolean => typeof value === "string" && value.trim() !== ""

/** Narrows nothing: what passes has the declared type. */
export const isObject = (value: unknown): boolean => Predicate.isObject(value)

const isNames = (value: unknown): boolean => Array.isArray(value) && value.every(isText)

const isToolSet = (tools: unknown): boolean =>
  Predicate.hasProperty(tools, "definitions") &&
  Predicate.hasProperty(tools, "decode") &&
  Predicate.hasProperty(tools, "names")

const memberOf = (value: unknown, name: string): unknown => (Predicate.isObject(value) ? value[name] : undefined)

type Kind = readonly [expected: string, is: (value: unknown) => boolean]

const object: Kind = ["an object", isObject]
const aFunction: Kind = ["a function", Predicate.isFunction]
const text: Kind = ["a text that is not empty", isText]
const count: Kind = ["a whole number over zero", (value) => Number.isInteger(value) && (value as number) > 0]
const flag: Kind = ["true or false", Predicate.isBoolean]
const names: Kind = ["a list of names of tools", isNames]

/** The types of the members of options, by their paths. */
const kinds: ReadonlyArray<readonly [path: string, kind: Kind]> = [
  ["id", text],
  ["tools", ["the ToolSet that ToolSet.make returns", isToolSet]],
  ...["request", "limits", "limits.cost", "limits.agentCost", "limits.conclusion", "agentLimits", "hooks"].map(
    (path) => [path, object] as const
  ),
  ["provider", ["a provider, such as one of Provider.providers", (value) => isText(memberOf(value, "id"))]],
  ["request.model", text],
  ["request.max_completion_tokens", count],
  ["stopOnFailure", flag],
  ...["onSuspended", "checkpoint", "hooks.callModel", "hooks.callTool"].map((path) => [path, aFunction] as const),
  ["subAgentTools", names]
]

const valueAt = (options: unknown, path: string): unknown => path.split(".").reduce(memberOf, options)

/** The issue of limits of agents, which would end each of them after the swarm has begun. */
const issueOfLimits = (parameter: string, limits: AgentLimits | undefined): Issue => {
  const resolved = Limits.resolve(limits)
  if (Result.isSuccess(resolved)) return undefined
  const { message, parameter: path = "limits" } = resolved.failure
  const named = (text: string) => text.replace(/^limits/, parameter)
  return new InvalidRequestError({ message: named(message), parameter: named(path) })
}

/** The types of the members of the profile of an agent. */
const profileKinds: Readonly<Record<keyof AgentProfile, Kind>> = {
  system: ["a text", (value) => typeof value === "string"],
  request: object,
  tools: names,
  limits: object
}

/** The first member of the profile of an agent that has a wrong type. */
export const issueOfProfile = (parameter: string, profile: unknown): Issue => {
  if (profile === undefined) return undefined
  if (!isObject(profile)) return invalid(parameter, "an object")
  for (const [name, [expected, is]] of Object.entries(profileKinds)) {
    const value = memberOf(profile, name)
    if (value !== undefined && !is(value)) return invalid(`${parameter}.${name}`, expected)
  }
  return issueOfLimits(`${parameter}.limits`, memberOf(profile, "limits") as AgentLimits | undefined)
}

type OptionName = keyof RunOptions | keyof MapOptions<unknown> | "from"

const optionNames: Readonly<Record<OptionName, true>> = {
  id: true,
  tools: true,
  request: true,
  provider: true,
  limits: true,
  agentLimits: true,
  concurrency: true,
  initialConcurrency: true,
  maxResultBytes: true,
  stopOnFailure: true,
  onSuspended: true,
  hooks: true,
  checkpoint: true,
  orchestrator: true,
  subAgentTools: true,
  items: true,
  prompt: true,
  agent: true,
  result: true,
  from: true
}

const limitNames: Readonly<Record<keyof SwarmLimits, true>> = {
  agents: true,
  toolCalls: true,
  tokens: true,
  cost: true,
  agentCost: true,
  duration: true,
  depth: true,
  conclusion: true
}

/** The first member with an unknown name: a misspelt limit would not limit anything. */
const issueOfNames = (options: object): Issue => {
  const option = unknownName(options, optionNames)
  if (option !== undefined) return invalid(option[0], option[2])
  const limit = unknownName(memberOf(options, "limits") as SwarmLimits | undefined, limitNames)
  return limit === undefined ? undefined : invalid(`limits.${limit[0]}`, limit[2])
}

/** Whether it is a form of results. */
export const isForm = (value: unknown): boolean => Schema.isSchema(value)

/** The first member of options that has a wrong type. */
export const issueOf = <R>(options: SwarmOptions<R>): Issue => {
  if (!isObject(options)) return invalid("options", "an object, such as { tools, limits: { agents: 20 } }")
  const wrong = kinds.find(([path, [, is]]) => {
    const value = valueAt(options, path)
    return value !== undefined && !is(value)
  })
  if (wrong !== undefined) return invalid(wrong[0], wrong[1][0])
  return (
    issueOfNames(options) ??
    issueOfLimits("agentLimits", options.agentLimits) ??
    issueOfProfile("orchestrator", valueAt(options, "orchestrator"))
  )
}

/** Checks options before they are read. */
export const checkOptions = <R>(options: SwarmOptions<R>): Effect.Effect<void, InvalidRequestError> =>
  Effect.suspend(() => failing(issueOf(options)))

/** Checks the id of a swarm in a journal. */
export const checkId = (id: string): Effect.Effect<void, InvalidRequestError> =>
  Effect.suspend(() => failing(isText(id) ? undefined : invalid("id", "the id of a swarm, a text that is not empty")))

const isState = Schema.is(SwarmState)

/** Checks a state. JSON that was not decoded can have its type as well. */
export const checkState = (state: SwarmState): Effect.Effect<void, InvalidRequestError> =>
  Effect.suspend(() =>
    failing(
      isState(state) ? undefined : invalid("state", "the state of a swarm: read a stored one with SwarmState.decode")
    )
  )

/** Checks the program of a swarm in a journal, which is given again to continue it. */
export const checkProgram = (program: unknown): Effect.Effect<void, InvalidRequestError> =>
  Effect.suspend(() => {
    if (Effect.isEffect(program) || Stream.isStream(program)) return Effect.void
    const expected = "the program that the swarm was started with, such as Swarm.run(task, options)"
    return Effect.fail(invalid("program", expected))
  })
