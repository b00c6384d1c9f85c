/**
 * The tests that every `CacheStore` passes.
 *
 * **Example** (The contract for a store on a file)
 *
 * ```ts
 * describe("the sqlite store", () => {
 *   CacheStoreContract.suite(it, (path) => CacheStore.layerSqlite({ path }), {
 *     name: "sqlite",
 *     location: temporaryFile
 *   })
 * })
 * ```
 *
 * @since 0.1.0
 */
import { CacheStore } from "@kimi-effect/core/CacheStore"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { bounded } from "./internal/bounded.ts"
import * as concurrency from "./internal/cacheStore/concurrency.ts"
import * as entries from "./internal/cacheStore/entries.ts"
import * as expiry from "./internal/cacheStore/expiry.ts"
import * as removal from "./internal/cacheStore/removal.ts"
import type { Subject } from "./internal/cacheStore/Subject.ts"
import * as validation from "./internal/cacheStore/validation.ts"
import type { It, StoreClock } from "./TestRunner.ts"

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** The `name` of the store. */
  readonly name: string
  /** A new location for entries that no other test uses, such as a path or a key prefix. */
  readonly location: Effect.Effect<string, unknown, Scope.Scope>
  /** The clock by which entries expire. Defaults to `"Effect"`. */
  readonly clock?: StoreClock | undefined
}

/**
 * Registers the tests with the runner's `it`.
 *
 * `layer` makes the store at a location. Tests build it several times for the
 * same location to check that stores share their entries and find them again
 * after a restart.
 *
 * @category suites
 * @since 0.1.0
 */
export const suite = (
  it: It,
  layer: (location: string) => Layer.Layer<CacheStore, unknown>,
  { clock = "Effect", location, name }: Options
): void => {
  const open = (location: string) =>
    Effect.map(Layer.build(Layer.fresh(layer(location))), (context) => Context.get(context, CacheStore))
  const subject: Subject = {
    name,
    location,
    open,
    make: Effect.flatMap(location, open),
    test: bounded(it)[clock === "Effect" ? "effect" : "live"]
  }
  entries.register(subject)
  removal.register(subject)
  if (clock === "Effect") expiry.registerWithTestClock(subject)
  else expiry.registerWithServerClock(subject)
  expiry.register(subject)
  validation.register(subject)
  concurrency.register(subject)
}
