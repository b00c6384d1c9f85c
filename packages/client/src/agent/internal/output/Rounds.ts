/** The rounds of one structured output: what was answered so far, and what follows from the next response. */
import type { ChatRequest } from "@kimi-effect/core/ChatRequest"
import type { ChatResponse } from "@kimi-effect/core/ChatResponse"
import * as Cost from "@kimi-effect/core/Cost"
import type { Message } from "@kimi-effect/core/Message"
import { StructuredOutputError } from "@kimi-effect/core/ProviderErrors"
import { add, type Usage } from "@kimi-effect/core/Usage"
import { InvalidRequestError, type ToolSchemaError } from "@kimi-effect/core/ValidationErrors"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import type * as Schema from "effect/Schema"
import type { Format, Options, Output } from "../../StructuredOutput.ts"
import { messagesOf, messagesOfRepair, requestOf } from "./OutputRequest.ts"
import { type OutputSchema, outputSchema } from "./OutputSchema.ts"
import { type OutputProblem, readOutput } from "./readOutput.ts"

export interface Rounds {
  readonly options: Options<Schema.Constraint>
  readonly schema: OutputSchema
  readonly format: Format
  /** Whether another format follows a refusal of this one. */
  readonly canChangeFormat: boolean
  readonly repairsLeft: number
  readonly messages: ReadonlyArray<Message>
  readonly answered: number
  readonly usage: Usage
  /** `undefined` before the first response. */
  readonly cost: Option.Option<Cost.Cost> | undefined
}

const noUsage: Usage = {
  prompt_tokens: 0,
  completion_tokens: 0,
  total_tokens: 0,
  cached_tokens: 0,
  cache_write_tokens: 0,
  reasoning_tokens: 0
}

const addCost = (a: Rounds["cost"], b: Option.Option<Cost.Cost>): Option.Option<Cost.Cost> =>
  a === undefined
    ? b
    : Option.flatMap(a, (first) =>
        Option.map(
          Option.filter(b, ({ currency }) => currency === first.currency),
          (second) => Cost.sum(first, second)
        )
      )

const repairsOf = (repairs = 1): Result.Result<number, InvalidRequestError> =>
  Number.isSafeInteger(repairs) && repairs >= 0
    ? Result.succeed(repairs)
    : Result.fail(
        new InvalidRequestError({ message: "repairs must be a whole number from 0 up", parameter: "repairs" })
      )

const formatOf = (format: Format = "json_schema"): Result.Result<Format, InvalidRequestError> =>
  format === "json_schema" || format === "json_object"
    ? Result.succeed(format)
    : Result.fail(
        new InvalidRequestError({ message: 'format must be "json_schema" or "json_object"', parameter: "format" })
      )

/** Checks the options before anything is sent. */
export const begin = (
  options: Options<Schema.Constraint>
): Result.Result<Rounds, InvalidRequestError | ToolSchemaError> =>
  Result.gen(function* () {
    // Programs in JavaScript may pass none.
    const messages = yield* messagesOf({ ...options })
    const repairsLeft = yield* repairsOf(options.repairs)
    const schema = yield* outputSchema(options.schema)
    return {
      options,
      schema,
      format: yield* formatOf(options.format),
      canChangeFormat: options.format === undefined,
      repairsLeft,
      messages,
      answered: 0,
      usage: noUsage,
      cost: undefined
    }
  })

export const requestFor = ({ format, messages, options, schema }: Rounds): ChatRequest =>
  requestOf(messages, format, options, schema)

/** The same round in the format that every host has. */
export const withPlainFormat = (rounds: Rounds): Rounds => ({
  ...rounds,
  format: "json_object",
  canChangeFormat: false
})

const sentences: { readonly [R in OutputProblem["reason"]]: string } = {
  refusal: "The model refused to answer",
  truncated: "The response was truncated by the token limit before its JSON was complete",
  "invalid JSON": "The response is not one JSON value",
  "schema mismatch": "The response does not match the schema"
}

const errorOf = (problem: OutputProblem, { usage }: Rounds, response: ChatResponse): StructuredOutputError => {
  const { model, provider, reasoning, requestId, text, traceId } = response
  return new StructuredOutputError({
    message: sentences[problem.reason],
    ...problem,
    model: response.requestedModel ?? model,
    ...(provider === undefined ? {} : { provider }),
    ...(requestId === undefined ? {} : { requestId }),
    ...(traceId === undefined ? {} : { traceId }),
    partial: {
      content: text,
      reasoning_content: reasoning,
      tool_calls: [],
      usage: { prompt_tokens: usage.prompt_tokens, completion_tokens: usage.completion_tokens }
    }
  })
}

/** What follows from a response: the output, or another round. */
export type Step =
  | { readonly _tag: "Done"; readonly output: Output<unknown> }
  | { readonly _tag: "Repair"; readonly problem: OutputProblem; readonly rounds: Rounds }

const isRepairable = ({ reason }: OutputProblem): boolean => reason === "invalid JSON" || reason === "schema mismatch"

export const next = (rounds: Rounds, response: ChatResponse): Effect.Effect<Step, StructuredOutputError, unknown> =>
  Effect.gen(function* () {
    const counted: Rounds = {
      ...rounds,
      answered: rounds.answered + 1,
      usage: response.usage === undefined ? rounds.usage : add(rounds.usage, response.usage),
      cost: addCost(rounds.cost, yield* Cost.ofResponse(response, requestFor(rounds)))
    }
    const value = yield* Effect.result(readOutput(response, rounds.schema))
    if (Result.isSuccess(value)) {
      const { answered, cost = Option.none(), format, messages, usage } = counted
      const output = { value: value.success, response, messages: [...messages, response.message] }
      return { _tag: "Done", output: { ...output, rounds: answered, format, usage, cost } } as const
    }
    const problem = value.failure
    if (!isRepairable(problem) || rounds.repairsLeft === 0) {
      return yield* Effect.fail(errorOf(problem, counted, response))
    }
    const repaired: Rounds = {
      ...counted,
      repairsLeft: rounds.repairsLeft - 1,
      messages: messagesOfRepair(rounds.messages, response, problem),
      // The host has accepted the format.
      canChangeFormat: false
    }
    return { _tag: "Repair", problem, rounds: repaired } as const
  })
