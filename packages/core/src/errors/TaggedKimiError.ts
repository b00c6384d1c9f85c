/**
 * The base of every error class: a schema-backed tagged error with the facts of
 * its tag.
 *
 * @since 0.1.0
 */
import type * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Schema from "effect/Schema"
import {
  type Billing,
  type BreakerOutcome,
  type Category,
  type Facts,
  type Recovery,
  type Severity,
  table,
  type Tag
} from "./ErrorFacts.ts"
import { FailedAttempt } from "./FailedAttempt.ts"
import { brand } from "./internal/ErrorBrand.ts"
import { PartialResponse } from "./PartialResponse.ts"

/**
 * Members that any error may have. All are safe to log except `partial`, which
 * contains model output: `toJSON` and `inspect` show only its size.
 *
 * @category schemas
 * @since 0.1.0
 */
export const commonFields = {
  /** What happened, in one sentence; server text in it is scrubbed and cut to 2 KB. */
  message: Schema.String,
  /** The host, by the id of its provider description. */
  provider: Schema.optionalKey(Schema.String),
  /** The requested model. */
  model: Schema.optionalKey(Schema.String),
  /** HTTP status of the response, when there was one. */
  status: Schema.optionalKey(Schema.Int),
  /** The host's request id, for its support (`msh-request-id`). */
  requestId: Schema.optionalKey(Schema.String),
  /** The host's trace id (`x-msh-trace-id`). */
  traceId: Schema.optionalKey(Schema.String),
  /** The wait that the host named. A minimum: never retry earlier. */
  retryAfter: Schema.optionalKey(Schema.Duration),
  /** The part of the response that arrived before the failure. */
  partial: Schema.optionalKey(PartialResponse),
  /** Every failed attempt of a call that was retried, oldest first. */
  attempts: Schema.optionalKey(Schema.Array(FailedAttempt))
} as const

/**
 * The facts of an error that every instance has as members.
 *
 * @category models
 * @since 0.1.0
 */
export interface ErrorMembers {
  /** The family of the error. */
  readonly category: Category
  /** How serious the error is. */
  readonly severity: Severity
  /** Whether the same request may succeed when it is sent again. */
  readonly isRetryable: boolean
  /** How a circuit breaker counts it. */
  readonly breaker: BreakerOutcome
  /** Whether the host may charge for the attempt. */
  readonly billing: Billing
  /** The next step, as data. */
  readonly recovery: Recovery
  /** What to change, in one sentence. */
  readonly hint: string
}

interface ErrorInstance {
  readonly _tag: Tag
  readonly retryAfter?: Duration.Duration
  readonly parameter?: string
  readonly limit?: number
  readonly successor?: string
  readonly fix?: string
  readonly reason?: string
}

/** The tag of the key, address or permission that the host refused, if this has suspended a swarm: to wait does not help. */
const refusalOf = ({ _tag, reason }: ErrorInstance): Tag | undefined => {
  if (_tag !== "SwarmSuspendedError" || reason === undefined || !Object.hasOwn(table, reason)) return undefined
  return table[reason as Tag].category === "authentication" ? (reason as Tag) : undefined
}

const hintOf = (error: ErrorInstance): string => {
  const refusal = refusalOf(error)
  return refusal === undefined
    ? (error.fix ?? table[error._tag].hint)
    : `${table[refusal].hint} Then resume the swarm by its id.`
}

const recoveryOf = (error: ErrorInstance): Recovery => {
  const _tag = table[refusalOf(error) ?? error._tag].recovery
  switch (_tag) {
    case "RetryAfter":
    case "WaitForQuota":
      return error.retryAfter === undefined ? { _tag } : { _tag, after: error.retryAfter }
    case "FixRequest":
      return error.parameter === undefined ? { _tag } : { _tag, parameter: error.parameter }
    case "ShortenContext":
      return error.limit === undefined ? { _tag } : { _tag, limit: error.limit }
    case "SwitchModel":
      return error.successor === undefined ? { _tag } : { _tag, model: error.successor }
    default:
      return { _tag }
  }
}

/**
 * The text that runtimes, test runners and `Cause.pretty` print for an unhandled
 * error: the stack, with the hint between message and frames.
 */
const withHint = (error: Error & ErrorInstance & { readonly hint: string }, stack: unknown): unknown => {
  const header = `${error.name}: ${error.message}`
  if (typeof stack !== "string" || !stack.startsWith(header)) return stack
  return `${header}\n  hint: ${error.hint}${stack.slice(header.length)}`
}

/** Formats the stack when it is first read, as engines do: most errors are handled, and formatting is slow. */
const describeStack = (error: Error & ErrorInstance & { readonly hint: string }): void => {
  const own = Object.getOwnPropertyDescriptor(error, "stack")
  const read = (): unknown => (own?.get === undefined ? own?.value : own.get.call(error))
  let written: { readonly stack: unknown } | undefined
  Object.defineProperty(error, "stack", {
    configurable: true,
    enumerable: false,
    get: () => (written ??= { stack: withHint(error, read()) }).stack,
    set: (stack: unknown) => {
      written = { stack }
    }
  })
}

type Inspect = (value: unknown, options: unknown) => string

const factDescriptor = (name: Exclude<keyof Facts, "recovery" | "hint">): PropertyDescriptor => ({
  configurable: true,
  get(this: ErrorInstance) {
    return table[this._tag][name]
  }
})

const summary = function (this: ErrorInstance & Record<string, unknown>): Record<string, unknown> {
  const { partial, ...rest } = this
  const shown: Record<string, unknown> = { ...rest, message: this["message"], hint: this["hint"] }
  if (this.retryAfter !== undefined) shown["retryAfter"] = Duration.format(this.retryAfter)
  if (partial !== undefined) {
    const { content, reasoning_content, tool_calls } = partial as PartialResponse
    shown["partial"] = `<${content.length + reasoning_content.length} characters, ${tool_calls.length} tool calls>`
  }
  return shown
}

const accessors: PropertyDescriptorMap = {
  [brand]: { value: true },
  toJSON: { configurable: true, value: summary },
  [Symbol.for("nodejs.util.inspect.custom")]: {
    configurable: true,
    value(this: Error & ErrorInstance & Record<string, unknown>, _depth: number, options: unknown, inspect: Inspect) {
      const { _tag, hint: _hint, message, ...members } = summary.call(this)
      return `${this.stack ?? `${_tag}: ${message}`} ${inspect(members, options)}`
    }
  },
  category: factDescriptor("category"),
  severity: factDescriptor("severity"),
  isRetryable: factDescriptor("isRetryable"),
  breaker: factDescriptor("breaker"),
  billing: factDescriptor("billing"),
  recovery: {
    configurable: true,
    get(this: ErrorInstance) {
      return recoveryOf(this)
    }
  },
  hint: {
    configurable: true,
    get(this: ErrorInstance) {
      return hintOf(this)
    }
  }
}

/**
 * The constructor type of an error class.
 *
 * @category models
 * @since 0.1.0
 */
export type ErrorClass<Self, T extends Tag, Fields extends Schema.Struct.Fields> = Schema.Class<
  Self,
  Schema.TaggedStruct<T, typeof commonFields & Fields>,
  Cause.YieldableError & ErrorMembers
>

/**
 * Makes the base class of one error: `class X extends TaggedKimiError<X>()("X", {…}) {}`.
 *
 * The tag must have a row in `ErrorFacts.table`. The schema identifier is
 * `@kimi-effect/core/<tag>`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const TaggedKimiError =
  <Self>() =>
  <T extends Tag, const Fields extends Schema.Struct.Fields>(tag: T, fields: Fields): ErrorClass<Self, T, Fields> => {
    const Base = Schema.TaggedError<unknown, ErrorMembers>(`@kimi-effect/core/${tag}`)(tag, {
      ...commonFields,
      ...fields
    })
    Object.defineProperties(Base.prototype, { ...accessors, name: { configurable: true, value: tag } })
    const Constructor = Base as unknown as new (...args: ReadonlyArray<unknown>) => Error & ErrorInstance & ErrorMembers
    const Described = class extends Constructor {
      constructor(...args: ReadonlyArray<unknown>) {
        super(...args)
        describeStack(this)
      }
    }
    // `Self` is not known to the schema's constructor until the class is declared.
    return Described as never
  }
