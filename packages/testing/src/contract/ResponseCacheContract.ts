/**
 * The tests that every `ResponseCache` passes.
 *
 * **Example** (The contract for a cache in this process)
 *
 * ```ts
 * describe("a cache in memory", () => {
 *   ResponseCacheContract.suite(it, (settings) => ResponseCache.layerMemory(settings))
 * })
 * ```
 *
 * @since 0.1.0
 */
import { ResponseCache } from "@kimi-effect/core/ResponseCache"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/testing/TestClock"
import { bounded } from "./internal/bounded.ts"
import * as flights from "./internal/responseCache/flights.ts"
import * as hits from "./internal/responseCache/hits.ts"
import * as off from "./internal/responseCache/off.ts"
import * as removal from "./internal/responseCache/removal.ts"
import * as streams from "./internal/responseCache/streams.ts"
import type { Settings, Subject } from "./internal/responseCache/Subject.ts"
import type { It, StoreClock } from "./TestRunner.ts"

export type { Settings } from "./internal/responseCache/Subject.ts"

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** The clock by which responses expire. Defaults to `"Effect"`. */
  readonly clock?: StoreClock | undefined
}

const build = (layer: Layer.Layer<ResponseCache, unknown>) =>
  Effect.map(Layer.build(Layer.fresh(layer)), (context) => Context.get(context, ResponseCache))

/**
 * Registers the tests with the runner's `it`. Every test builds the layer for
 * its settings, which must make an empty cache.
 *
 * @category suites
 * @since 0.1.0
 */
export const suite = (
  it: It,
  layer: (settings: Settings) => Layer.Layer<ResponseCache, unknown>,
  { clock = "Effect" }: Options = {}
): void => {
  const isExact = clock === "Effect"
  const register = bounded(it)[isExact ? "effect" : "live"]
  const subject: Subject = {
    test: (name, test) => register(name, () => Effect.flatMap(build(layer({ timeToLive: Duration.hours(1) })), test)),
    sleep: (millis) => (isExact ? TestClock.adjust(millis) : Effect.sleep(Duration.millis(millis))),
    isExact
  }
  hits.register(subject)
  streams.register(subject)
  flights.register(subject)
  removal.register(subject)
}

/**
 * Registers the tests of a cache that is off, which makes every call.
 *
 * @category suites
 * @since 0.1.0
 */
export const suiteOff = (it: It, layer: Layer.Layer<ResponseCache, unknown>): void =>
  off.register((name, test) => bounded(it).effect(name, () => Effect.flatMap(build(layer), test)))
