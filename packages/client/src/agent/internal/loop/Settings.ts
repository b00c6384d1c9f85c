/** The options of a run with their defaults, checked. */
import type { ChatRequest } from "@kimi-effect/core/ChatRequest"
import { InvalidRequestError } from "@kimi-effect/core/ValidationErrors"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import type { AgentHooks } from "../../AgentHooks.ts"
import type { AgentOptions, OnToolError } from "../../AgentOptions.ts"
import type { ToolError } from "../../AgentResult.ts"
import type { ToolSet } from "../../ToolSet.ts"
import * as Limits from "./limits.ts"

export interface Settings<R> {
  readonly tools: ToolSet<R> | undefined
  readonly request: Omit<ChatRequest, "messages" | "tools">
  readonly limits: Limits.Limits
  readonly endsRun: (error: ToolError) => boolean
  readonly toolConcurrency: number
  readonly toolTimeout: Duration.Duration
  readonly toolTimeouts: ReadonlyMap<string, Duration.Duration>
  readonly maxResultBytes: number
  readonly hooks: AgentHooks
}

const invalid = (parameter: string, expected: string): InvalidRequestError =>
  new InvalidRequestError({ message: `${parameter} must be ${expected}`, parameter })

const endsRun = (policy: OnToolError): ((error: ToolError) => boolean) =>
  typeof policy === "function" ? (error) => policy(error) === "end" : () => policy === "end"

/** A duration over zero. */
const timeoutOf = (name: string, input: Duration.Input): Result.Result<Duration.Duration, InvalidRequestError> => {
  const duration = Duration.fromInput(input)
  return Option.isSome(duration) && Duration.toMillis(duration.value) > 0
    ? Result.succeed(duration.value)
    : Result.fail(invalid(name, "a duration over zero"))
}

/** A timeout that no tool has would bound nothing: a misspelled name keeps the default without notice. */
const timeoutsOf = <R>({
  tools,
  toolTimeouts = {}
}: AgentOptions<R>): Result.Result<ReadonlyMap<string, Duration.Duration>, InvalidRequestError> =>
  Result.gen(function* () {
    const timeouts = new Map<string, Duration.Duration>()
    const names = tools?.names ?? []
    for (const [tool, input] of Object.entries(toolTimeouts)) {
      const parameter = `toolTimeouts.${tool}`
      if (!names.includes(tool)) {
        const expected = names.length === 0 ? "left out: the run has no tools" : `one of ${names.join(", ")}`
        yield* Result.fail(invalid(parameter, expected))
      }
      timeouts.set(tool, yield* timeoutOf(parameter, input))
    }
    return timeouts
  })

const countOf = (name: string, value: number): Result.Result<number, InvalidRequestError> =>
  Number.isInteger(value) && value > 0 ? Result.succeed(value) : Result.fail(invalid(name, "a whole number over zero"))

const isToolSet = (tools: unknown): boolean =>
  Predicate.hasProperty(tools, "definitions") &&
  Predicate.hasProperty(tools, "decode") &&
  Array.isArray(tools.definitions)

/** The first option whose type is wrong, which only programs in JavaScript can pass. */
const typeIssue = <R>(options: AgentOptions<R>): InvalidRequestError | undefined => {
  const { hooks, limits, onToolError, request, tools, toolTimeouts } = options
  if (tools !== undefined && !isToolSet(tools)) return invalid("tools", "the ToolSet that ToolSet.make returns")
  for (const [name, value] of Object.entries({ request, limits, hooks, toolTimeouts })) {
    if (value !== undefined && !Predicate.isObject(value)) return invalid(name, "an object")
  }
  return onToolError === undefined || typeof onToolError === "function" || policies.has(onToolError)
    ? undefined
    : invalid("onToolError", 'a function, "return" or "end"')
}

const policies: ReadonlySet<unknown> = new Set(["return", "end"])

/** Applies the defaults. */
export const resolve = <R>(options: AgentOptions<R>): Result.Result<Settings<R>, InvalidRequestError> =>
  Result.gen(function* () {
    const issue = typeIssue(options)
    if (issue !== undefined) return yield* Result.fail(issue)
    return {
      tools: options.tools,
      request: options.request ?? {},
      limits: yield* Limits.resolve(options.limits),
      endsRun: endsRun(options.onToolError ?? "return"),
      toolConcurrency: yield* countOf("toolConcurrency", options.toolConcurrency ?? 8),
      toolTimeout: yield* timeoutOf("toolTimeout", options.toolTimeout ?? "5 minutes"),
      toolTimeouts: yield* timeoutsOf(options),
      maxResultBytes: yield* countOf("maxResultBytes", options.maxResultBytes ?? 65_536),
      hooks: options.hooks ?? {}
    }
  })
