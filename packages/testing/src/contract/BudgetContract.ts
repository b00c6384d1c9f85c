/**
 * The tests that every `Budget` passes.
 *
 * **Example** (The contract for a budget in this process)
 *
 * ```ts
 * describe("a budget in memory", () => {
 *   BudgetContract.suite(it, (settings) => Budget.layerMemory(settings))
 * })
 * ```
 *
 * @since 0.1.0
 */
import { Budget } from "@kimi-effect/core/Budget"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/testing/TestClock"
import { bounded } from "./internal/bounded.ts"
import * as charges from "./internal/budget/charges.ts"
import * as expenses from "./internal/budget/expenses.ts"
import * as holds from "./internal/budget/holds.ts"
import * as observation from "./internal/budget/observation.ts"
import * as off from "./internal/budget/off.ts"
import * as opened from "./internal/budget/opened.ts"
import * as refusals from "./internal/budget/refusals.ts"
import { prices, type Settings, type Subject } from "./internal/budget/Subject.ts"
import type { It, StoreClock } from "./TestRunner.ts"

export type { Settings } from "./internal/budget/Subject.ts"

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** The clock by which reservations expire. Defaults to `"Effect"`. */
  readonly clock?: StoreClock | undefined
}

const build = (layer: Layer.Layer<Budget, unknown>) =>
  Effect.map(Layer.build(Layer.fresh(Layer.provide(layer, prices))), (context) => Context.get(context, Budget))

/**
 * Registers the tests with the runner's `it`. Every test builds the layer for
 * its settings, which must make a budget of which nothing is spent. The layer
 * is built with the `PriceTable` of the tests.
 *
 * @category suites
 * @since 0.1.0
 */
export const suite = (
  it: It,
  layer: (settings: Settings) => Layer.Layer<Budget, unknown>,
  { clock = "Effect" }: Options = {}
): void => {
  const isExact = clock === "Effect"
  const register = bounded(it)[isExact ? "effect" : "live"]
  const subject: Subject = {
    test: (name, caps, test, changed) =>
      register(name, () =>
        Effect.flatMap(build(layer({ caps, thresholds: [0.5], maxWait: Duration.zero, ...changed })), test)
      ),
    sleep: (millis) => (isExact ? TestClock.adjust(millis) : Effect.sleep(Duration.millis(millis))),
    isExact
  }
  charges.register(subject)
  opened.register(subject)
  holds.register(subject)
  expenses.register(subject)
  refusals.register(subject)
  observation.register(subject)
}

/**
 * Registers the tests of a budget that is off, which makes every call.
 *
 * @category suites
 * @since 0.1.0
 */
export const suiteOff = (it: It, layer: Layer.Layer<Budget, unknown>): void =>
  off.register((name, test) => bounded(it).effect(name, () => Effect.flatMap(build(layer), test)))
