/**
 * The tests that every `BudgetStore` passes.
 *
 * **Example** (The contract for a store on a file)
 *
 * ```ts
 * describe("the sqlite store", () => {
 *   BudgetStoreContract.suite(
 *     it,
 *     Layer.unwrap(Effect.map(temporaryFile, (path) => BudgetStore.layerSqlite({ path })))
 *   )
 * })
 * ```
 *
 * @since 0.1.0
 */
import { BudgetStore } from "@kimi-effect/core/BudgetStore"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/testing/TestClock"
import { bounded } from "./internal/bounded.ts"
import * as amounts from "./internal/budgetStore/amounts.ts"
import * as leases from "./internal/budgetStore/leases.ts"
import * as periods from "./internal/budgetStore/periods.ts"
import * as reservations from "./internal/budgetStore/reservations.ts"
import * as settlements from "./internal/budgetStore/settlements.ts"
import { longLease, shortLease, type Subject } from "./internal/budgetStore/Subject.ts"
import * as traces from "./internal/budgetStore/traces.ts"
import type { It, StoreClock } from "./TestRunner.ts"

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** The clock by which leases expire. Defaults to `"Effect"`. Tests sleep for seconds with `"Server"`. */
  readonly clock?: StoreClock | undefined
  /**
   * How often a lease has to expire until it is charged. A store that depends on
   * the time of day, which may be set forward, extends it once. Defaults to 1.
   */
  readonly expiries?: 1 | 2 | undefined
}

/**
 * Registers the tests with the runner's `it`. Every test builds `layer`, which
 * must make an empty store.
 *
 * @category suites
 * @since 0.1.0
 */
export const suite = (
  it: It,
  layer: Layer.Layer<BudgetStore, unknown>,
  { clock = "Effect", expiries = 1 }: Options = {}
): void => {
  const register = bounded(it)[clock === "Effect" ? "effect" : "live"]
  const make = Effect.map(Layer.build(Layer.fresh(layer)), (context) => Context.get(context, BudgetStore))
  const sleep = (millis: number) =>
    clock === "Effect" ? TestClock.adjust(millis) : Effect.sleep(Duration.millis(millis))
  const pass = sleep(shortLease * 2)
  const subject: Subject = {
    test: (name, test) => register(name, () => Effect.flatMap(make, test)),
    expire: (store) =>
      expiries === 1 ? pass : pass.pipe(Effect.andThen(store.renew([], longLease)), Effect.andThen(pass)),
    sleep
  }
  reservations.register(subject)
  settlements.register(subject)
  traces.register(subject)
  periods.register(subject)
  leases.register(subject)
  amounts.register(subject)
}
