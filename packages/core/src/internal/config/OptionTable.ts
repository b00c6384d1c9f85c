/**
 * The table of all options, with the types that derive from it.
 *
 * @since 0.1.0
 */
import type { Input, Value } from "./ConfigOption.ts"
import { breaker } from "./Breaker.ts"
import { caching } from "./Caching.ts"
import { connection } from "./Connection.ts"
import { fallback } from "./FallbackSteps.ts"
import { healthChecks } from "./HealthChecks.ts"
import { hedging } from "./Hedging.ts"
import { limits } from "./Limits.ts"
import { models } from "./Models.ts"
import { money } from "./Money.ts"
import { logging, telemetry } from "./Observing.ts"
import { retries } from "./Retries.ts"
import { sharedStores } from "./SharedStores.ts"
import { timeouts } from "./Timeouts.ts"

/**
 * Every option by its name.
 *
 * @category options
 * @since 0.1.0
 */
export const options = {
  ...connection,
  ...models,
  ...fallback,
  ...timeouts,
  ...retries,
  ...limits,
  ...breaker,
  ...caching,
  ...money,
  ...sharedStores,
  ...hedging,
  ...telemetry,
  ...logging,
  ...healthChecks
}

type Table = typeof options

/**
 * The name of an option.
 *
 * @category models
 * @since 0.1.0
 */
export type Name = keyof Table

type ValueTypes = { readonly [K in Name]: Value<Table[K]> }

type InputTypes = { readonly [K in Name]?: Input<Table[K]> | Value<Table[K]> | undefined }

/**
 * The options as the library uses them. `docs/configuration.md` describes each.
 *
 * @category models
 * @since 0.1.0
 */
export interface Values extends ValueTypes {}

/**
 * The options as code gives them: all optional, durations in any form that
 * Effect accepts, stores and caps also as text.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options extends InputTypes {}

/**
 * @category options
 * @since 0.1.0
 */
export const names = Object.keys(options) as ReadonlyArray<Name>
