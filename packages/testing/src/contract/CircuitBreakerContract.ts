/**
 * The tests that every `CircuitBreaker` passes.
 *
 * **Example** (The contract for circuits in this process)
 *
 * ```ts
 * describe("circuits in memory", () => {
 *   CircuitBreakerContract.suite(it, ({ failures, openDuration }) =>
 *     CircuitBreaker.layerMemory({ consecutiveFailures: failures, openDuration: Schedule.spaced(openDuration) })
 *   )
 * })
 * ```
 *
 * @since 0.1.0
 */
import { CircuitBreaker } from "@kimi-effect/core/CircuitBreaker"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/testing/TestClock"
import { bounded } from "./internal/bounded.ts"
import * as attempts from "./internal/circuitBreaker/attempts.ts"
import * as control from "./internal/circuitBreaker/control.ts"
import * as off from "./internal/circuitBreaker/off.ts"
import * as outcomes from "./internal/circuitBreaker/outcomes.ts"
import * as probes from "./internal/circuitBreaker/probes.ts"
import { failures, open, openDuration, type Subject } from "./internal/circuitBreaker/Subject.ts"
import type { It, StoreClock } from "./TestRunner.ts"

/**
 * How the circuits of a test are configured.
 *
 * @category models
 * @since 0.1.0
 */
export interface Settings {
  /** Failures in a row that open a circuit. No rate opens it earlier. */
  readonly failures: number
  /** How long a circuit stays open every time, without jitter, unless a failure requests a longer wait. */
  readonly openDuration: Duration.Duration
}

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** The clock by which circuits open and close. Defaults to `"Effect"`. */
  readonly clock?: StoreClock | undefined
}

const build = (layer: Layer.Layer<CircuitBreaker, unknown>) =>
  Effect.map(Layer.build(Layer.fresh(layer)), (context) => Context.get(context, CircuitBreaker))

/**
 * Registers the tests with the runner's `it`. Every test builds the layer for
 * its settings, which must make circuits that no other test uses, with one
 * probe at a time of which a success closes the circuit.
 *
 * @category suites
 * @since 0.1.0
 */
export const suite = (
  it: It,
  layer: (settings: Settings) => Layer.Layer<CircuitBreaker, unknown>,
  { clock = "Effect" }: Options = {}
): void => {
  const isExact = clock === "Effect"
  const register = bounded(it)[isExact ? "effect" : "live"]
  const sleep = (millis: number) => (isExact ? TestClock.adjust(millis) : Effect.sleep(Duration.millis(millis)))
  const shortly = Duration.millis(50)
  const subject: Subject = {
    test: (name, test) => register(name, () => Effect.flatMap(build(layer({ failures, openDuration })), test)),
    testHalfOpen: (name, test) =>
      register(name, () =>
        Effect.gen(function* () {
          const circuits = yield* build(layer({ failures, openDuration: shortly }))
          yield* open(circuits)
          yield* sleep(isExact ? 50 : 100)
          yield* test(circuits)
        })
      ),
    sleep,
    isExact
  }
  attempts.register(subject)
  outcomes.register(subject)
  probes.register(subject)
  control.register(subject)
}

/**
 * Registers the tests of circuits that are off, which permit every call.
 *
 * @category suites
 * @since 0.1.0
 */
export const suiteOff = (it: It, layer: Layer.Layer<CircuitBreaker, unknown>): void =>
  off.register({ test: (name, test) => bounded(it).effect(name, () => Effect.flatMap(build(layer), test)) })
