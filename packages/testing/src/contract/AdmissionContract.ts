/**
 * The tests that every `Admission` passes.
 *
 * **Example** (The contract for limits in this process)
 *
 * ```ts
 * describe("admission in memory", () => {
 *   AdmissionContract.suite(it, (settings) => Admission.layerMemory(settings))
 * })
 * ```
 *
 * @since 0.1.0
 */
import { Admission } from "@kimi-effect/core/Admission"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/testing/TestClock"
import { bounded } from "./internal/bounded.ts"
import * as adaptation from "./internal/admission/adaptation.ts"
import * as limits from "./internal/admission/limits.ts"
import * as off from "./internal/admission/off.ts"
import * as permits from "./internal/admission/permits.ts"
import * as queue from "./internal/admission/queue.ts"
import type { Settings, Subject } from "./internal/admission/Subject.ts"
import type { It, StoreClock } from "./TestRunner.ts"

export type { Settings } from "./internal/admission/Subject.ts"

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** The clock by which calls are counted and wait. Defaults to `"Effect"`. */
  readonly clock?: StoreClock | undefined
}

const build = (layer: Layer.Layer<Admission, unknown>) =>
  Effect.map(Layer.build(Layer.fresh(layer)), (context) => Context.get(context, Admission))

/**
 * Registers the tests with the runner's `it`. Every test builds the layer for
 * its settings, which must make an admission whose accounts no other test uses.
 *
 * @category suites
 * @since 0.1.0
 */
export const suite = (
  it: It,
  layer: (settings: Settings) => Layer.Layer<Admission, unknown>,
  { clock = "Effect" }: Options = {}
): void => {
  const isExact = clock === "Effect"
  const register = bounded(it)[isExact ? "effect" : "live"]
  const subject: Subject = {
    test: (name, limits, test, changed) =>
      register(name, () =>
        Effect.flatMap(build(layer({ limits, maxWait: Duration.minutes(2), maxQueue: 100, ...changed })), test)
      ),
    sleep: (millis) => (isExact ? TestClock.adjust(millis) : Effect.sleep(Duration.millis(millis))),
    isExact
  }
  permits.register(subject)
  limits.register(subject)
  queue.register(subject)
  adaptation.register(subject)
}

/**
 * Registers the tests of an admission that is off, which admits every call.
 *
 * @category suites
 * @since 0.1.0
 */
export const suiteOff = (it: It, layer: Layer.Layer<Admission, unknown>): void =>
  off.register((name, test) => bounded(it).effect(name, () => Effect.flatMap(build(layer), test)))
