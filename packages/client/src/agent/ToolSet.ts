/**
 * Tools of `effect/ai`, prepared for a host: the definitions to send, and what
 * runs a call of the model.
 *
 * `make` takes toolkits of any kind: those with handlers in layers, those that
 * exist only with their handlers (`McpClient.toolkit`, `KimiTool.formulas`), and
 * lists of both.
 *
 * **Details**
 *
 * - Parameters are sent as Moonshot-flavored JSON Schema (see `ToolSchema`), and
 *   arguments are decoded with the codec of what was sent. What cannot be
 *   expressed is a `ToolSchemaError` of `make`.
 * - At Moonshot's hosts, names are mapped to names that the host accepts, and
 *   back; other hosts get them unchanged.
 * - Arguments and results are in no span, log line or error. `ToolArgumentsError`
 *   names the path and what the schema expects there.
 * - An empty text is an empty object of arguments. Members named `__proto__` are
 *   refused.
 *
 * **Gotchas**
 *
 * - A defect of a handler is a defect of `run`, as in `effect/ai`; `AgentLoop`
 *   makes it a failed call.
 * - `run` has neither a timeout nor a limit of concurrent calls: `AgentLoop` adds
 *   both.
 *
 * **Example**
 *
 * ```ts
 * const tools = yield* ToolSet.make(Weather, { provider: Provider.providers.moonshot })
 * const response = yield* kimi.chat({ messages, tools: tools.definitions })
 * const results = yield* Effect.forEach(response.toolCalls, (call) =>
 *   tools.decode(ToolSet.fromToolCall(call)).pipe(Effect.flatMap((decoded) => tools.run(decoded))))
 * ```
 *
 * @since 0.1.0
 */
import { isKimiError } from "@kimi-effect/core/internal/ErrorBrand"
import type { ToolCall, ToolDefinition } from "@kimi-effect/core/Tool"
import { listener } from "@kimi-effect/core/internal/Listener"
import * as Expense from "@kimi-effect/core/Expense"
import { ToolArgumentsError, ToolExecutionError, ToolNotFoundError } from "@kimi-effect/core/ToolErrors"
import type { ToolSchemaError } from "@kimi-effect/core/ValidationErrors"
import type * as Prompt from "effect/ai/Prompt"
import * as Tool from "effect/ai/Tool"
import type * as Toolkit from "effect/ai/Toolkit"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type * as Schema from "effect/Schema"
import { type Provider, providers } from "../Provider.ts"
import type { ArgumentIssue } from "./internal/tools/argumentIssues.ts"
import { handlerFailure } from "./internal/tools/failures.ts"
import { HostDefined } from "./internal/tools/HostDefined.ts"
import { makeEntries } from "./internal/tools/makeEntries.ts"
import { parseArguments } from "./internal/tools/parseArguments.ts"
import { refuse } from "./internal/tools/toolDefinition.ts"
import type { ToolContent } from "./internal/tools/toolContent.ts"
import type { HandlerFailure, OnPreliminary, Outcome, ToolEntry } from "./internal/tools/ToolEntry.ts"

/**
 * A call of the model, as `decode` takes it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Call {
  /** The name that the model wrote: the host's name of the tool. */
  readonly name: string
  /** The arguments as the model wrote them. */
  readonly arguments: string
  /** An id that is unique within the run. Those of the host are unique within one turn only. */
  readonly callId: string
  /** The conversation so far, for tools whose approval depends on it. Defaults to none. */
  readonly messages?: ReadonlyArray<Prompt.Message> | undefined
}

/**
 * What the author of a tool declares about it, with the defaults of `effect/ai`.
 *
 * @category models
 * @since 0.1.0
 */
export interface Annotations {
  /** Changes nothing. Defaults to `false`. */
  readonly isReadonly: boolean
  /** May destroy something. Defaults to `true`. */
  readonly isDestructive: boolean
  /** May be repeated with the same arguments, for example after a crash. Defaults to `false`. */
  readonly isIdempotent: boolean
  /** Reaches systems outside the program. Defaults to `true`. */
  readonly isOpenWorld: boolean
}

/**
 * A call whose tool exists and whose arguments are valid.
 *
 * @category models
 * @since 0.1.0
 */
export interface DecodedCall {
  /** The name of the tool in its toolkit. */
  readonly tool: string
  readonly callId: string
  /** The arguments as the model wrote them. */
  readonly text: string
  /** The arguments, parsed. */
  readonly json: unknown
  /** The arguments, decoded by the parameters of the tool. */
  readonly input: unknown
  readonly annotations: Annotations
  /** Whether the call has to be approved before it runs. */
  readonly needsApproval: Effect.Effect<boolean>
}

/**
 * The result of a call.
 *
 * @category models
 * @since 0.1.0
 */
export interface ToolResult {
  /** The name of the tool in its toolkit. */
  readonly tool: string
  readonly callId: string
  /** Content of the tool message: a text as it is, any other result as JSON, or the parts that the tool maps it to. */
  readonly content: ToolContent
  /** The result as JSON, to store it. */
  readonly encoded: Schema.Json
  /** The result as the handler returned it. */
  readonly result: unknown
  /** Whether it is a failure of a tool with `failureMode: "return"`. */
  readonly isFailure: boolean
  /** What the call cost in US dollars, when the price of the tool is known. Absent from failures. */
  readonly cost?: number | undefined
}

/**
 * Options of a set.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /**
   * The host that receives the definitions. Defaults to Moonshot, whose rules are
   * the strictest: such definitions suit every host.
   */
  readonly provider?: Provider | undefined
}

/**
 * Options of running a call.
 *
 * @category options
 * @since 0.1.0
 */
export interface RunOptions {
  /** Receives the preliminary results of a handler while it runs. They are dropped by default. */
  readonly onPreliminary?: ((result: ToolResult) => Effect.Effect<void>) | undefined
}

/**
 * Tools prepared for a host. `R` is what the handlers need when they run.
 *
 * @category models
 * @since 0.1.0
 */
export interface ToolSet<out R = never> {
  /** The `tools` of a request. */
  readonly definitions: ReadonlyArray<ToolDefinition>
  /** The names of the tools in their toolkits. */
  readonly names: ReadonlyArray<string>
  /** The name of a tool at the host; `undefined` when there is no such tool. */
  readonly hostName: (tool: string) => string | undefined
  /** Finds the tool of a call, and parses and decodes its arguments. No handler runs. */
  readonly decode: (call: Call) => Effect.Effect<DecodedCall, ToolNotFoundError | ToolArgumentsError, R>
  /** Runs the handler of a call. */
  readonly run: (call: DecodedCall, options?: RunOptions) => Effect.Effect<ToolResult, ToolExecutionError, R>
}

/**
 * What `make` takes: a toolkit, a toolkit with its handlers, or a list of them.
 *
 * @category models
 * @since 0.1.0
 */
export type Source = Toolkit.Any | WithAnyHandler | ReadonlyArray<Toolkit.Any | WithAnyHandler>

/**
 * Any toolkit with its handlers. `Toolkit.WithHandler` is invariant, so no
 * instance of it is a type of all of them.
 *
 * @category utility types
 * @since 0.1.0
 */
export interface WithAnyHandler {
  readonly tools: Record<string, Tool.Any>
  readonly handle: (...args: never) => unknown
}

type Element<S> = S extends ReadonlyArray<infer E> ? E : S

type ToolsOf<T> = T extends { readonly tools: infer Tools } ? Tools[keyof Tools] : never

/**
 * The services that the handlers of a source need when they run.
 *
 * @category utility types
 * @since 0.1.0
 */
export type Services<S> = Tool.HandlerServices<ToolsOf<Element<S>>>

/**
 * The handlers that a source needs when the set is made.
 *
 * @category utility types
 * @since 0.1.0
 */
export type Handlers<S> = HandlersOf<Element<S>>

type HandlersOf<T> = T extends Toolkit.Toolkit<infer Tools> ? Tool.HandlersFor<Tools> : never

/**
 * The price of one call of a tool in US dollars, as an annotation of the tool.
 * `run` reports it as the cost of the result, reserves it under the caps of the
 * budget before the handler runs, and records it: see `Expense`. A call that does
 * not fit runs nothing and fails with `BudgetExceededError` as the `failure` of its
 * `ToolExecutionError`. A call that fails is free, but one whose result does not
 * match its schema has run, and is paid. A price must be an amount of at least zero. `KimiTool` sets it where a price is published; set it on
 * own tools that cost money.
 *
 * @category annotations
 * @since 0.1.0
 */
export const PricePerCall = Context.Reference<number | undefined>("@kimi-effect/client/ToolSet/PricePerCall", {
  defaultValue: () => undefined
})

const annotationsOf = ({ annotations }: Tool.Any): Annotations => ({
  isReadonly: Context.get(annotations, Tool.Readonly),
  isDestructive: Context.get(annotations, Tool.Destructive),
  isIdempotent: Context.get(annotations, Tool.Idempotent),
  isOpenWorld: Context.get(annotations, Tool.OpenWorld)
})

const approvalOf = ({ needsApproval }: Tool.Any, input: unknown, call: Call): Effect.Effect<boolean> =>
  Effect.suspend(() => {
    if (typeof needsApproval !== "function") return Effect.succeed(needsApproval === true)
    const needed = needsApproval(input, { toolCallId: call.callId, messages: call.messages ?? [] })
    return Effect.isEffect(needed) ? needed : Effect.succeed(needed)
  })

const argumentsError = (tool: string, callId: string, problem: string, path?: string): ToolArgumentsError =>
  new ToolArgumentsError({
    message: `The arguments of the tool ${tool} ${problem}`,
    tool,
    callId,
    ...(path === undefined ? {} : { path })
  })

const invalidArguments = (tool: string, callId: string, issues: ReadonlyArray<ArgumentIssue>): ToolArgumentsError => {
  const lines = issues.map(({ message, path }) => (path === "" ? message : `${path}: ${message}`))
  return argumentsError(tool, callId, `do not match its parameters: ${lines.join("; ")}`, issues[0]?.path)
}

const decodeWith = (entry: ToolEntry, call: Call): Effect.Effect<DecodedCall, ToolArgumentsError> => {
  const { callId } = call
  const { tool } = entry
  const parsed = parseArguments(call.arguments)
  if (Result.isFailure(parsed)) return Effect.fail(argumentsError(tool.name, callId, parsed.failure))
  const json = parsed.success
  return Effect.mapBoth(entry.decode(json), {
    onFailure: (issues) => invalidArguments(tool.name, callId, issues),
    onSuccess: (input) => ({
      tool: tool.name,
      callId,
      text: call.arguments,
      json,
      input,
      annotations: annotationsOf(tool),
      needsApproval: approvalOf(tool, input, call)
    })
  })
}

const executionError = ({ callId, tool }: DecodedCall, failure: HandlerFailure): ToolExecutionError =>
  new ToolExecutionError({
    message: failure.isInvalidResult
      ? `The tool ${tool} returned a result that does not match its schema`
      : `The tool ${tool} failed${failure.name === undefined ? "" : ` with ${failure.name}`}`,
    tool,
    callId,
    ...(failure.name === undefined ? {} : { failure: failure.name })
  })

const noPreliminary: OnPreliminary = () => Effect.void

/** A result that is a failure, which is free. */
class FreeFailure {
  readonly outcome: Outcome
  constructor(outcome: Outcome) {
    this.outcome = outcome
  }
}

/** A handler whose result cannot be used did its work. */
const hasRun = (error: FreeFailure | HandlerFailure): boolean =>
  !(error instanceof FreeFailure) && error.isInvalidResult

/** Enters the price of a call in the budget and the usage records. Formulas do so themselves, for every caller. */
const charged = (
  { tool }: ToolEntry,
  run: Effect.Effect<Outcome, HandlerFailure>,
  price: number | undefined
): Effect.Effect<Outcome, HandlerFailure> => {
  if (price === undefined || Context.get(tool.annotations, HostDefined)) return run
  return Effect.flatMap(run, (outcome) =>
    outcome.isFailure ? Effect.fail(new FreeFailure(outcome)) : Effect.succeed(outcome)
  ).pipe(
    Expense.charge({ tool: tool.name, cost: Expense.dollars(price) }, { isBilled: hasRun }),
    Effect.catch((error) =>
      error instanceof FreeFailure
        ? Effect.succeed(error.outcome)
        : Effect.fail(isKimiError(error) ? handlerFailure(error) : error)
    )
  )
}

const runWith = (
  entry: ToolEntry,
  call: DecodedCall,
  { onPreliminary }: RunOptions
): Effect.Effect<ToolResult, ToolExecutionError> => {
  const { callId, tool } = call
  const cost = Context.get(entry.tool.annotations, PricePerCall)
  const report =
    onPreliminary === undefined
      ? noPreliminary
      : (outcome: Parameters<OnPreliminary>[0]) => listener(onPreliminary)({ tool, callId, ...outcome })
  return Effect.mapBoth(charged(entry, entry.run(call, report), cost), {
    onFailure: (failure) => executionError(call, failure),
    onSuccess: (outcome) => ({ tool, callId, ...outcome, ...(cost === undefined || outcome.isFailure ? {} : { cost }) })
  })
}

/** A price below zero would raise the caps of the budget. */
const checkPrices = (entries: ReadonlyArray<ToolEntry>): Effect.Effect<void, ToolSchemaError> => {
  const wrong = entries.find(({ tool }) => {
    const price = Context.get(tool.annotations, PricePerCall)
    return price !== undefined && !(Number.isFinite(price) && price >= 0)
  })
  return wrong === undefined
    ? Effect.void
    : Effect.fromResult(refuse(`The tool ${wrong.tool.name} has a PricePerCall that is no amount of at least zero`))
}

/**
 * Prepares toolkits for a host. Fails with `ToolSchemaError` when a tool cannot
 * be described to it, or when two tools have the same name.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = <const S extends Source>(
  source: S,
  { provider = providers.moonshot }: Options = {}
): Effect.Effect<ToolSet<Services<S>>, ToolSchemaError, Handlers<S>> =>
  Effect.map(
    Effect.tap(makeEntries([source].flat() as ReadonlyArray<Toolkit.Any | WithAnyHandler>, provider), checkPrices),
    (entries) => {
      const byHostName = new Map(entries.map((entry) => [entry.definition.function.name, entry] as const))
      const byName = new Map(entries.map((entry) => [entry.tool.name as string, entry] as const))
      const names = [...byName.keys()]
      const notFound = (name: string, callId: string): ToolNotFoundError =>
        new ToolNotFoundError({
          message: `There is no tool of the name that the model called; the tools are ${names.join(", ")}`,
          tool: name.slice(0, 256),
          callId,
          available: names
        })
      const set: ToolSet = {
        definitions: entries.map(({ definition }) => definition),
        names,
        hostName: (tool) => byName.get(tool)?.definition.function.name,
        decode: (call) => {
          const entry = byHostName.get(call.name)
          return entry === undefined ? Effect.fail(notFound(call.name, call.callId)) : decodeWith(entry, call)
        },
        run: (call, runOptions = {}) => {
          const entry = byName.get(call.tool)
          return entry === undefined
            ? Effect.die(new Error(`${call.tool} is no tool of this set`))
            : runWith(entry, call, runOptions)
        }
      }
      // The services of handlers are known to the type of the source alone.
      return set as never
    }
  ) as never

/**
 * The call of a response, with the id of the host. Give calls of several turns
 * unique ids: those of the host repeat.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromToolCall = (call: ToolCall): Call => ({
  name: call.function.name,
  arguments: call.function.arguments,
  callId: call.id
})
