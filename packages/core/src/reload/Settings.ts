/**
 * All that can be configured: the options and the user's own prices, checked
 * together.
 *
 * @since 0.1.0
 */
import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import { ConfigurationError } from "../errors/ConfigurationErrors.ts"
import { rows } from "../internal/config/OptionTable.ts"
import * as KimiConfig from "../KimiConfig.ts"
import * as PriceConfig from "../money/PriceConfig.ts"
import * as PriceTable from "../money/PriceTable.ts"

/**
 * One configuration as a whole.
 *
 * @category models
 * @since 0.1.0
 */
export interface Settings {
  readonly config: KimiConfig.Values
  /** The user's own prices as they were given. */
  readonly prices: PriceTable.Options | undefined
  /** The same before the catalogue's; absent where there are none. */
  readonly table: PriceTable.Prices | undefined
}

/**
 * The options as code gives them, with prices.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options extends KimiConfig.Options {
  /** The user's own prices. */
  readonly prices?: PriceTable.Options | undefined
}

/** Fails with everything that is wrong with either. */
const combine = Effect.fnUntraced(function* (
  config: Effect.Effect<KimiConfig.Values, ConfigurationError>,
  prices: Effect.Effect<PriceTable.Options | undefined, ConfigurationError>
): Effect.fn.Return<Settings, ConfigurationError> {
  const values = yield* Effect.result(config)
  const priced = yield* Effect.result(
    Effect.flatMap(prices, (given) =>
      Effect.map(given === undefined ? Effect.succeed(undefined) : PriceTable.make(given), (table) => ({
        prices: given,
        table
      }))
    )
  )
  if (Result.isSuccess(values) && Result.isSuccess(priced)) return { config: values.success, ...priced.success }
  const failures = [Result.getFailure(values), Result.getFailure(priced)]
  return yield* Effect.fail(ConfigurationError.of(Arr.getSomes(failures).flatMap(({ issues }) => issues)))
})

/**
 * Checks options given in code.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = ({ prices, ...options }: Options): Effect.Effect<Settings, ConfigurationError> =>
  combine(KimiConfig.make(options), Effect.succeed(prices))

/**
 * Reads options and prices from the current `ConfigProvider`; those in
 * `overrides` win.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromConfig = (options: Options = {}): Effect.Effect<Settings, ConfigurationError> => {
  // In plain JavaScript `null` means no overrides. A text has its characters as members.
  if (typeof options !== "object") return combine(KimiConfig.fromConfig(options), PriceConfig.fromConfig)
  const { prices, ...overrides } = options ?? {}
  return combine(
    KimiConfig.fromConfig(overrides),
    prices === undefined ? PriceConfig.fromConfig : Effect.succeed(prices)
  )
}

/**
 * The names of the options in which two configurations differ, `prices`
 * included.
 *
 * @category getters
 * @since 0.1.0
 */
export const changedOptions = (before: Settings, after: Settings): ReadonlyArray<string> => {
  const names = Object.keys(KimiConfig.defaults) as ReadonlyArray<keyof KimiConfig.Values>
  const changed: Array<string> = names.filter((name) => !Equal.equals(before.config[name], after.config[name]))
  return Equal.equals(before.prices, after.prices) ? changed : [...changed, "prices"]
}

/**
 * Of the names of changed options, those whose change takes effect when the
 * client is built again.
 *
 * @category getters
 * @since 0.1.0
 */
export const restartOptions = (changed: ReadonlyArray<string>): ReadonlyArray<string> =>
  changed.filter((name) => Object.hasOwn(rows, name) && rows[name as KimiConfig.Name].reload === "restart")

/**
 * Builds a layer on settings. Their prices hold for what is built on it, where
 * they have any.
 *
 * @category layers
 * @since 0.1.0
 */
export const provideTo =
  <A, E, R>(self: Layer.Layer<A, E, R>) =>
  ({ config, table }: Settings): Layer.Layer<A, E, Exclude<R, KimiConfig.KimiConfig>> => {
    const built = Layer.provide(self, Layer.succeed(KimiConfig.KimiConfig, config))
    return table === undefined ? built : Layer.merge(built, Layer.succeed(PriceTable.PriceTable, table))
  }
