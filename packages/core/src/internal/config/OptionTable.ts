/**
 * The table of all options, with the types that derive from it.
 *
 * @since 0.1.0
 */
import type { Input, Text, Texts, Value } from "./ConfigOption.ts"
import { breaker, breakerTexts } from "./Breaker.ts"
import { caching, cachingTexts } from "./Caching.ts"
import { connection, connectionTexts } from "./Connection.ts"
import { fallback, fallbackTexts } from "./FallbackSteps.ts"
import { healthChecks, healthChecksTexts } from "./HealthChecks.ts"
import { hedging, hedgingTexts } from "./Hedging.ts"
import { limits, limitsTexts } from "./Limits.ts"
import { models, modelsTexts } from "./Models.ts"
import { money, moneyTexts } from "./Money.ts"
import { logging, loggingTexts, telemetry, telemetryTexts } from "./Observing.ts"
import { retries, retriesTexts } from "./Retries.ts"
import { sharedStores, sharedStoresTexts } from "./SharedStores.ts"
import { timeouts, timeoutsTexts } from "./Timeouts.ts"

/**
 * Every option by its name.
 *
 * @category options
 * @since 0.1.0
 */
export const rows = {
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

type Table = typeof rows

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
export const names = Object.keys(rows) as ReadonlyArray<Name>

type DescribedRows = { readonly [N in Name]: Table[N] & Text }

const describe = (...groups: ReadonlyArray<Partial<Texts<Name>>>): DescribedRows => {
  // Every name is in a group: the texts of each have the type of its rows.
  const texts = Object.assign({}, ...groups) as Texts<Name>
  return Object.fromEntries(names.map((name) => [name, { ...rows[name], ...texts[name] }])) as DescribedRows
}

/**
 * Every option by its name, with what it does.
 *
 * @category options
 * @since 0.1.0
 */
// Pure, and without spreads, which may call accessors: so a bundle of a program that does not read it has no texts.
export const options: DescribedRows = /* @__PURE__ */ describe(
  connectionTexts,
  modelsTexts,
  fallbackTexts,
  timeoutsTexts,
  retriesTexts,
  limitsTexts,
  breakerTexts,
  cachingTexts,
  moneyTexts,
  sharedStoresTexts,
  hedgingTexts,
  telemetryTexts,
  loggingTexts,
  healthChecksTexts
)
