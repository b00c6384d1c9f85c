/**
 * User-defined prices in a configuration: the member `prices` next to the
 * options in the object `kimi`.
 *
 * ```json
 * {
 *   "kimi": {
 *     "prices": {
 *       "models": [
 *         { "model": "kimi-k3", "provider": "together", "currency": "USD", "cacheMiss": "3.20", "output": "16.00" }
 *       ]
 *     }
 *   }
 * }
 * ```
 *
 * @since 0.1.0
 */
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import { ConfigurationError, type ConfigurationIssue } from "../errors/ConfigurationErrors.ts"
import * as ConfigSource from "../internal/config/ConfigSource.ts"
import * as PriceTable from "./PriceTable.ts"

const Price = Schema.Struct({
  provider: Schema.NonEmptyString,
  currency: Schema.Literals(["USD", "CNY"]),
  from: Schema.optionalKey(Schema.String)
})

const Prices = Schema.Struct({
  models: Schema.optionalKey(
    Schema.Array(
      Schema.Struct({
        ...Price.fields,
        model: Schema.NonEmptyString,
        cacheHit: Schema.optionalKey(Schema.String),
        cacheMiss: Schema.String,
        cacheWrite: Schema.optionalKey(Schema.String),
        cacheWrite1h: Schema.optionalKey(Schema.String),
        output: Schema.String
      })
    )
  ),
  tools: Schema.optionalKey(
    Schema.Array(Schema.Struct({ ...Price.fields, tool: Schema.NonEmptyString, perCall: Schema.String }))
  ),
  batches: Schema.optionalKey(Schema.Array(Schema.Struct({ provider: Schema.NonEmptyString, factor: Schema.String })))
})

const decode = Schema.decodeUnknownResult(Prices, { errors: "all", onExcessProperty: "error" })
const format = SchemaIssue.makeFormatterStandardSchemaV1()

const expectedForms: { readonly [member: string]: string } = {
  prices: "an object with models, tools or batches",
  models: "a list of prices of models",
  tools: "a list of prices of tools",
  batches: "a list of prices of batches",
  model: "the id of a model",
  tool: "the name of a tool",
  provider: "the id of a host",
  currency: "USD or CNY",
  from: 'a day, such as "2026-11-23"',
  factor: 'a decimal from 0 to 1, such as "0.6"'
}
const expectedAmount = 'a decimal that is not negative, such as "0.95"'
const expectedEntry = "an object"
const amountMembers: ReadonlySet<string> = new Set([
  "cacheHit",
  "cacheMiss",
  "cacheWrite",
  "cacheWrite1h",
  "output",
  "perCall"
])

type Issue = typeof ConfigurationIssue.Type

/** The issue of a member such as `kimi.prices.models[0].output`, with its expected form. */
const issueAt = (path: ReadonlyArray<PropertyKey>): Issue => {
  const keys = ["kimi", "prices", ...path.map(String)]
  const name = keys.map((key, i) => (/^\d+$/.test(key) ? `[${key}]` : i === 0 ? key : `.${key}`)).join("")
  const last = `${keys.at(-1)}`
  if (/^\d+$/.test(last)) return { name, expected: expectedEntry }
  if (amountMembers.has(last)) return { name, expected: expectedAmount }
  return { name, expected: Object.hasOwn(expectedForms, last) ? `${expectedForms[last]}` : "no such member" }
}

const keyOf = (segment: PropertyKey | { readonly key: PropertyKey }): PropertyKey =>
  typeof segment === "object" ? segment.key : segment

const issuesOf = (error: Schema.SchemaError): ReadonlyArray<Issue> =>
  format(error.issue).issues.map(({ path = [] }) => issueAt(path.map(keyOf)))

/** The prices of a source. */
const read = Effect.fnUntraced(function* (found: unknown): Effect.fn.Return<PriceTable.Options, ConfigurationError> {
  const decoded = decode(found)
  if (Result.isFailure(decoded)) return yield* Effect.fail(ConfigurationError.of(issuesOf(decoded.failure)))
  yield* Effect.mapError(PriceTable.make(decoded.success), ({ issues }) =>
    ConfigurationError.of(
      issues.map(({ expected, name }) => ({ name: name.replace(/^PriceTable /, "kimi.prices."), expected }))
    )
  )
  return decoded.success
})

/** The issues by the names of variables, where the prices are those of an environment. */
const byVariable = ({ issues }: ConfigurationError): ConfigurationError =>
  ConfigurationError.of(
    issues.map(({ expected, name }) => ({ name: name.replaceAll(/[.[]/g, "_").replaceAll("]", ""), expected }))
  )

/**
 * Reads the prices from the current `ConfigProvider`; `undefined` if it has none.
 * The error names every invalid price.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromConfig: Effect.Effect<PriceTable.Options | undefined, ConfigurationError> = Effect.gen(function* () {
  const provider = yield* ConfigProvider.ConfigProvider
  const found = yield* ConfigSource.load(provider, ["kimi", "prices"])
  if (Option.isNone(found)) return yield* Effect.fail(ConfigurationError.of([issueAt([])]))
  if (found.value === undefined) return undefined
  const variable = yield* ConfigSource.variableAt(provider, ["kimi", "prices"])
  return yield* Effect.mapError(read(found.value), (error) => (variable === undefined ? error : byVariable(error)))
})
