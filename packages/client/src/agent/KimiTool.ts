/**
 * Tools that run at Moonshot: the official formulas, such as web search, a code
 * runner or a spreadsheet reader, and the older `$web_search`.
 *
 * A formula is a list of functions that the host defines. The model calls them
 * like any other function, and the program has the host run them. `formulas`
 * returns them as a toolkit with its handlers, for `ToolSet.make` and everything
 * else that takes a toolkit of `effect/ai`.
 *
 * **Details**
 *
 * - An encrypted result (`encrypted_output`) reaches the model as it is: only the
 *   host can read it.
 * - A call that fails at the host is a result with `isFailure`, so that the model
 *   learns about it: see `FormulaFailure`.
 * - A web search costs $0.005 at Moonshot's global host (source: pricing page). It is
 *   the `cost` of the result; prices are those of `PriceTable`. It is reserved under
 *   the caps of the budget before the call is sent, and is in the usage records: of
 *   the client in `AgentLoop`, and elsewhere of the context (see `Expense`). A call
 *   that does not fit is a `FormulaFailure` with the status `BudgetExceededError`.
 * - The results of a search are tokens of the next request.
 *
 * **Gotchas**
 *
 * - Like every request of `HostApi`, one call is one attempt.
 * - `webSearch` must not be combined with thinking, which `RequestCheck` refuses;
 *   use the formula `web-search` with models that always think. Moonshot advises
 *   against relying on it.
 *
 * **Example**
 *
 * ```ts
 * const search = yield* KimiTool.formula("web-search")
 * const tools = yield* ToolSet.make([Weather, search], { provider })
 * ```
 *
 * Source: Moonshot's guide to official tools.
 *
 * @since 0.1.0
 */
import type { HostApiError } from "@kimi-effect/core/OperationErrors"
import * as PriceTable from "@kimi-effect/core/PriceTable"
import { FunctionTool } from "@kimi-effect/core/Tool"
import { InvalidRequestError, ToolSchemaError, UnsupportedOperationError } from "@kimi-effect/core/ValidationErrors"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { HostApi, json } from "../HostApi.ts"
import { withoutModelErrors } from "../internal/modelErrors.ts"
import { runFiber } from "./internal/tools/runFiber.ts"
import { HostDefined } from "./internal/tools/HostDefined.ts"
import * as ToolSet from "./ToolSet.ts"

/**
 * The official formulas by their short names. The list of the host may be longer:
 * name others by their whole uri.
 *
 * @category models
 * @since 0.1.0
 */
export type FormulaName =
  | "base64"
  | "code-runner"
  | "convert"
  | "date"
  | "excel"
  | "fetch"
  | "memory"
  | "mew"
  | "quickjs"
  | "random-choice"
  | "rethink"
  | "web-search"

/**
 * A formula: an official one by its short name, or any by its uri, such as
 * `moonshot/web-search:latest`.
 *
 * @category models
 * @since 0.1.0
 */
export type Formula = FormulaName | `${string}/${string}:${string}`

/**
 * The result of a formula's call that failed at the host. Its JSON is what the
 * model gets.
 *
 * @category schemas
 * @since 0.1.0
 */
export const FormulaFailure = Schema.TaggedStruct("FormulaFailure", {
  /** The status word of the host, the tag of the request's error, or `timeout`. */
  status: Schema.String,
  /** The host's reason. It may repeat arguments: do not log it. */
  reason: Schema.String
})

/**
 * @category models
 * @since 0.1.0
 */
export type FormulaFailure = typeof FormulaFailure.Type

/**
 * A function of a formula.
 *
 * @category models
 * @since 0.1.0
 */
export type FormulaTool = Tool.Tool<
  string,
  {
    readonly parameters: typeof Schema.Unknown
    readonly success: typeof Schema.String
    readonly failure: typeof FormulaFailure
    readonly failureMode: "return"
  }
>

/**
 * The functions of formulas, with what runs them.
 *
 * @category models
 * @since 0.1.0
 */
export type FormulaToolkit = Toolkit.WithHandler<Record<string, FormulaTool>>

/**
 * Options of formulas.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** Maximum duration of one call. Defaults to 2 minutes. */
  readonly timeout?: Duration.Input | undefined
}

/** Whether the host searches the web for a call, which costs money. */
const searches = (uri: string): boolean => /\/web-search:/.test(uri)

/** An owner of dots alone would be another path. */
const validUri = /^(?!\.{1,2}\/)[\w.-]+\/[\w.-]+:[\w.-]+$/

const uriOf = (formula: Formula): Effect.Effect<string, InvalidRequestError> => {
  // Programs in JavaScript pass other types.
  const uri = String(formula).includes("/") ? formula : `moonshot/${formula}:latest`
  return validUri.test(uri)
    ? Effect.succeed(uri)
    : Effect.fail(
        new InvalidRequestError({
          message: "A formula is named by its short name, or as owner/name:version",
          parameter: "formula"
        })
      )
}

const Definitions = Schema.Struct({ tools: Schema.Array(FunctionTool) })
const definitions = json(Definitions)

/** US dollars for one call of a formula's function, when there is a price. */
const priceOf = (uri: string, provider: string): Effect.Effect<number | undefined> =>
  Effect.gen(function* () {
    const prices = yield* PriceTable.PriceTable
    const day = DateTime.formatIsoDateUtc(yield* DateTime.now)
    const price =
      prices.tool(uri, provider, day) ?? (searches(uri) ? prices.tool("$web_search", provider, day) : undefined)
    return price?.currency === "USD" ? Number(price.perCall) : undefined
  })

interface FormulaFunction {
  readonly uri: string
  readonly price: number | undefined
  readonly tool: FormulaTool
}

const toolOf = ({ function: definition }: typeof FunctionTool.Type, price: number | undefined): FormulaTool => {
  const { description, name, parameters = { type: "object", properties: {} }, strict } = definition
  return Tool.dynamic(name, {
    ...(description === undefined ? {} : { description }),
    parameters,
    success: Schema.String,
    failure: FormulaFailure,
    failureMode: "return"
  })
    .annotate(HostDefined, true)
    .annotate(Tool.Strict, strict)
    .annotate(ToolSet.PricePerCall, price)
}

const functionsOf = (
  api: HostApi["Service"],
  formula: Formula
): Effect.Effect<ReadonlyArray<FormulaFunction>, HostApiError> =>
  Effect.gen(function* () {
    const uri = yield* uriOf(formula)
    const price = yield* priceOf(uri, api.provider.id)
    const { tools } = yield* api
      .request({ operation: "formulaTools", method: "GET", path: `/formulas/${uri}/tools`, response: definitions })
      .pipe(withoutModelErrors)
    return tools.map((definition) => ({ uri, price, tool: toolOf(definition, price) }))
  })

const duplicateName = (functions: ReadonlyArray<FormulaFunction>): string | undefined => {
  const names = functions.map(({ tool }) => tool.name)
  return names.find((name, index) => names.indexOf(name) !== index)
}

/**
 * The functions of several formulas as one toolkit. Reads their definitions from
 * the host. Names must be unique: two formulas with the same function fail with
 * `ToolSchemaError`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const formulas = (
  names: ReadonlyArray<Formula>,
  { timeout = "2 minutes" }: Options = {}
): Effect.Effect<FormulaToolkit, HostApiError | UnsupportedOperationError | ToolSchemaError, HostApi> =>
  Effect.gen(function* () {
    const api = yield* HostApi
    const { provider } = api
    if (!provider.hasAccountApi) {
      return yield* new UnsupportedOperationError({
        message: `${provider.id} does not offer formulas`,
        provider: provider.id,
        operation: "formulaTools"
      })
    }
    const functions = (yield* Effect.forEach(names, (name) => functionsOf(api, name), { concurrency: 4 })).flat()
    const duplicate = duplicateName(functions)
    if (duplicate !== undefined) {
      return yield* new ToolSchemaError({
        message: `Two functions of the formulas are named ${duplicate}`,
        parameter: "tools"
      })
    }
    const limit = Duration.fromInputUnsafe(timeout)
    const handlers = Object.fromEntries(
      functions.map(({ price, tool, uri }) => [
        tool.name,
        (input: unknown) => runFiber(api, { uri, name: tool.name, input, timeout: limit, price })
      ])
    )
    const toolkit = Toolkit.make(...functions.map(({ tool }) => tool))
    return yield* toolkit.pipe(Effect.provideContext(yield* toolkit.toHandlers(handlers)))
  })

/**
 * The functions of one formula as a toolkit.
 *
 * @category constructors
 * @since 0.1.0
 */
export const formula = (
  name: Formula,
  options?: Options
): Effect.Effect<FormulaToolkit, HostApiError | UnsupportedOperationError | ToolSchemaError, HostApi> =>
  formulas([name], options)

/**
 * The host's own web search, as a tool for `Toolkit.make`. The host runs the
 * search when it gets the arguments back, so this tool returns them unchanged and
 * needs no handler. Its price is part of the cost of the response that calls it.
 *
 * @category tools
 * @since 0.1.0
 */
export const webSearch = Tool.providerDefined({
  id: "kimi.web_search",
  customName: "web_search",
  providerName: "$web_search",
  parameters: Schema.Unknown,
  success: Schema.Unknown
})(undefined)
