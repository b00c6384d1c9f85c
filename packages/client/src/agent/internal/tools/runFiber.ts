/** Has the host run a function of a formula. */
import { table, type Tag } from "@kimi-effect/core/ErrorFacts"
import * as Expense from "@kimi-effect/core/Expense"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { type HostApi, json } from "../../../HostApi.ts"

/** Errors are a text in recorded responses, and an object in the guide. */
const ErrorWords = Schema.optional(Schema.NullOr(Schema.Json))

const Fiber = Schema.Struct({
  status: Schema.String,
  error: ErrorWords,
  context: Schema.optional(
    Schema.NullOr(
      Schema.Struct({
        output: Schema.optional(Schema.NullOr(Schema.Json)),
        encrypted_output: Schema.optional(Schema.NullOr(Schema.String)),
        error: ErrorWords
      })
    )
  )
})

const fiber = json(Fiber)

interface Failure {
  readonly _tag: "FormulaFailure"
  readonly status: string
  readonly reason: string
}

const failure = (status: string, reason: string): Failure => ({ _tag: "FormulaFailure", status, reason })

const textOf = (value: Schema.Json): string => (typeof value === "string" ? value : JSON.stringify(value))

const isPresent = (value: Schema.Json | undefined): value is Exclude<Schema.Json, null> =>
  value !== undefined && value !== null && value !== ""

const resultOf = ({ context, error, status }: typeof Fiber.Type): Effect.Effect<string, Failure> => {
  if (status === "succeeded") {
    const output = [context?.output, context?.encrypted_output].find(isPresent)
    return Effect.succeed(output === undefined ? "" : textOf(output))
  }
  const words = [error, context?.error, context?.output].find(isPresent)
  return Effect.fail(failure(status, words === undefined ? "The host gave no reason" : textOf(words)))
}

const timedOut = "timeout"

/** Whether the host may charge for a call that failed: one whose response was lost may have been run. */
const isBilled = ({ status }: Failure): boolean =>
  status === timedOut || (isTag(status) && table[status].billing !== "none")

const isTag = (status: string): status is Tag => Object.hasOwn(table, status)

interface FiberCall {
  readonly uri: string
  readonly name: string
  readonly input: unknown
  readonly timeout: Duration.Duration
  /** US dollars for one call. */
  readonly price: number | undefined
}

/** The output of a call, or why there is none. Its price is entered in the budget and the usage records. */
export const runFiber = (api: HostApi["Service"], call: FiberCall): Effect.Effect<string, Failure> => {
  const run = sendFiber(api, call)
  if (call.price === undefined) return run
  const expense = { tool: call.name, provider: api.provider.id, cost: Expense.dollars(call.price) }
  return Effect.mapError(Expense.charge(expense, { isBilled })(run), (error) =>
    // The amounts of the budget are not for the model.
    error._tag === "FormulaFailure" ? error : failure(error._tag, "The budget refused the call, which was not sent")
  )
}

const sendFiber = (api: HostApi["Service"], call: FiberCall): Effect.Effect<string, Failure> =>
  Effect.suspend(() => {
    const argumentsText = JSON.stringify(call.input ?? {})
    return api.request({
      operation: "formulaFiber",
      method: "POST",
      path: `/formulas/${call.uri}/fibers`,
      body: { _tag: "Json", value: { name: call.name, arguments: argumentsText } },
      response: fiber,
      // The host may repeat them in an error.
      messages: [{ role: "user", content: argumentsText }]
    })
  }).pipe(
    Effect.mapError((error) => failure(error._tag, error.message)),
    Effect.flatMap(resultOf),
    Effect.timeoutOrElse({
      duration: call.timeout,
      orElse: () => Effect.fail(failure(timedOut, `The host did not finish within ${Duration.format(call.timeout)}`))
    })
  )
