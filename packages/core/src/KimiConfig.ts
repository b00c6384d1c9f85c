/**
 * The configuration of the client: every option, read and checked.
 *
 * An option `maxEventBytes` is set by the variable `KIMI_MAX_EVENT_BYTES`, by
 * the member `maxEventBytes` of the object `kimi` in a JSON document, or in
 * code. All unusable options are reported together, by name and expected form
 * and never by value.
 *
 * The options are rows of a table in `internal/config`, one file for each
 * group; `docs/configuration.md` is generated from it.
 *
 * @since 0.1.0
 */
import * as ConfigProvider from "effect/ConfigProvider"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import { ConfigurationError, type ConfigurationIssue } from "./errors/ConfigurationErrors.ts"
import type { ConfigOption } from "./internal/config/ConfigOption.ts"
import * as ConfigSource from "./internal/config/ConfigSource.ts"
import * as Conflicts from "./internal/config/Conflicts.ts"
import type { providerIds } from "./internal/config/Connection.ts"
import { nearestTo } from "./internal/config/NearestName.ts"
import { type Name, names, type Options, rows, type Values } from "./internal/config/OptionTable.ts"
import * as UnknownVariables from "./internal/config/UnknownVariables.ts"

export type { BudgetCap } from "./internal/config/BudgetCapsForm.ts"
export { providerIds } from "./internal/config/Connection.ts"
export type { FallbackStep } from "./internal/config/FallbackSteps.ts"
export { type Name, type Options, options, type Values } from "./internal/config/OptionTable.ts"
export type { StoreLocation } from "./internal/config/StoreLocation.ts"
export { variableName } from "./internal/config/ConfigSource.ts"

/**
 * @category models
 * @since 0.1.0
 */
export type ProviderId = (typeof providerIds)[number]

/**
 * The checked options, as a service that the rest of the library reads.
 *
 * @category services
 * @since 0.1.0
 */
export class KimiConfig extends Context.Service<KimiConfig, Values>()("@kimi-effect/core/KimiConfig") {}

/** Any row, for code that treats all alike. */
type AnyOption = ConfigOption<unknown, unknown, unknown>

const rowOf = (name: Name): Pick<AnyOption, "default" | "fromInput" | "fromSource"> => rows[name]

/**
 * The default of every option.
 *
 * @category models
 * @since 0.1.0
 */
// Every name has the default of its row.
export const defaults: Values = Object.fromEntries(names.map((name) => [name, rowOf(name).default])) as Values

/** Members of the object `kimi` that are read and checked elsewhere. */
const nonOptionKeys: ReadonlySet<string> = new Set(["prices"])

type Issue = typeof ConfigurationIssue.Type

const isName = (name: string): name is Name => Object.hasOwn(rows, name)

/** An option of this name does not exist. `label` is the name with its place in the source. */
const unknownOption = (name: string, label = name): Issue => {
  const nearest = nearestTo(name.slice(0, 100), names)
  const known = `one of the options ${names.join(", ")}`
  return { name: label, expected: nearest === undefined ? known : `a known option; did you mean ${nearest}?` }
}

/** The options that were read so far, and what is wrong with others. */
interface Reading {
  readonly values: Partial<Record<Name, unknown>>
  readonly issues: Array<Issue>
}

const enter = (
  { issues, values }: Reading,
  name: Name,
  label: string,
  decoded: ReturnType<AnyOption["fromSource"]>
): void => {
  if (Result.isSuccess(decoded)) values[name] = decoded.success
  else issues.push(...decoded.failure.map(({ at, expected }) => ({ name: `${label}${at}`, expected })))
}

/** The members of an object. `undefined` for a value that has none, or whose accessors throw. */
const entriesOf = (given: unknown): ReadonlyArray<[string, unknown]> | undefined =>
  typeof given === "object" && given !== null && !Array.isArray(given)
    ? Result.getOrUndefined(Result.try(() => Object.entries(given)))
    : undefined

const readInput = (given: Options): Reading => {
  const reading: Reading = { values: {}, issues: [] }
  const entries = entriesOf(given)
  if (entries === undefined) {
    reading.issues.push({ name: "options", expected: "an object of options, such as { apiKey }" })
    return reading
  }
  for (const [name, input] of entries) {
    if (input === undefined) continue
    if (isName(name)) enter(reading, name, name, rowOf(name).fromInput(input))
    else reading.issues.push(unknownOption(name))
  }
  return reading
}

const check = (
  { issues, values }: Reading,
  label: (name: Name) => string
): Effect.Effect<Values, ConfigurationError> => {
  // Every value was read in the form of its row.
  const config = { ...defaults, ...values } as Values
  const invalid = new Set(issues.map((issue) => issue.name))
  const all = [...issues, ...Conflicts.find(config, label).filter((issue) => !invalid.has(issue.name))]
  return all.length === 0 ? Effect.succeed(config) : Effect.fail(ConfigurationError.of(all))
}

/**
 * Checks options given in code.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (given: Options): Effect.Effect<Values, ConfigurationError> =>
  Effect.suspend(() => check(readInput(given), (name) => name))

/**
 * Reads the options from the current `ConfigProvider`: the environment, a
 * `.env` file, a JSON document, or several in order of precedence. Options in
 * `overrides` win.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromConfig = Effect.fnUntraced(function* (given?: Options): Effect.fn.Return<Values, ConfigurationError> {
  // In plain JavaScript `null` means no overrides.
  const overrides = given ?? {}
  const reading = readInput(overrides)
  const labels = new Map<Name, string>()
  const provider = yield* ConfigProvider.ConfigProvider
  const document = yield* ConfigSource.document
  for (const name of names) {
    if (overrides[name] !== undefined) {
      labels.set(name, name)
      continue
    }
    const found = yield* ConfigSource.lookup(provider, name, document)
    if (found === undefined) continue
    labels.set(name, found.label)
    enter(reading, name, found.label, rowOf(name).fromSource(found.data))
  }
  for (const key of document.members) {
    if (isName(key) || nonOptionKeys.has(key)) continue
    reading.issues.push(unknownOption(key, (yield* ConfigSource.variableAt(provider, ["kimi", key])) ?? `kimi.${key}`))
  }
  return yield* check(reading, (name) => labels.get(name) ?? ConfigSource.variableName(name))
})

/**
 * Reads one option from the current `ConfigProvider`, its default where it is
 * not given.
 *
 * @category constructors
 * @since 0.1.0
 */
export const readOption = Effect.fnUntraced(function* <N extends Name>(
  name: N
): Effect.fn.Return<Values[N], ConfigurationError> {
  const found = yield* ConfigSource.lookup(yield* ConfigProvider.ConfigProvider, name)
  if (found === undefined) return defaults[name]
  const reading: Reading = { values: {}, issues: [] }
  enter(reading, name, found.label, rowOf(name).fromSource(found.data))
  if (reading.issues.length > 0) return yield* Effect.fail(ConfigurationError.of(reading.issues))
  // The value was read in the form of its row.
  return reading.values[name] as Values[N]
})

/**
 * Makes an effect that logs a warning for each variable of the current
 * `ConfigProvider` that begins with `KIMI_` and sets no option, with the
 * nearest known name. However often it runs, it logs once for each name.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeUnknownVariablesWarning: () => Effect.Effect<void> = UnknownVariables.makeWarning

/**
 * The same, once. The layers named `layerConfig` include it.
 *
 * @category constructors
 * @since 0.1.0
 */
export const warnUnknownVariables: Effect.Effect<void> = Effect.suspend(UnknownVariables.makeWarning)

/**
 * Whether any option of a group has another value than its default.
 *
 * @category guards
 * @since 0.1.0
 */
export const isConfigured = (config: Values, group: string): boolean =>
  names.some((name) => rows[name].group === group && !Equal.equals(config[name], defaults[name]))

/**
 * The options given in code.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (given: Options): Layer.Layer<KimiConfig, ConfigurationError> =>
  Layer.effect(KimiConfig, make(given))

/**
 * The options of the current `ConfigProvider`; those in `overrides` win.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerConfig = (overrides: Options = {}): Layer.Layer<KimiConfig, ConfigurationError> =>
  Layer.effect(KimiConfig, Effect.andThen(warnUnknownVariables, fromConfig(overrides)))
