/**
 * The tests that every `Journal` passes.
 *
 * **Example** (The contract for a journal on a file)
 *
 * ```ts
 * describe("a journal in SQLite", () => {
 *   JournalContract.suite(
 *     it,
 *     Layer.unwrap(Effect.map(temporaryFile, (filename) => Journal.layerSqlite({ filename, lease: JournalContract.lease })))
 *   )
 * })
 * ```
 *
 * @since 0.1.0
 */
import { Journal } from "@kimi-effect/client/journal/Journal"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/testing/TestClock"
import { bounded } from "./internal/bounded.ts"
import * as calls from "./internal/journal/calls.ts"
import * as counts from "./internal/journal/counts.ts"
import * as ends from "./internal/journal/ends.ts"
import * as leases from "./internal/journal/leases.ts"
import * as resources from "./internal/journal/resources.ts"
import * as runs from "./internal/journal/runs.ts"
import type { Subject } from "./internal/journal/Subject.ts"
import type { It, StoreClock } from "./TestRunner.ts"

/**
 * The lease that the journal under test must have.
 *
 * @category options
 * @since 0.1.0
 */
export const lease: Duration.Duration = Duration.millis(800)

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** The clock by which leases expire. Defaults to `"Effect"`. Tests sleep for seconds with `"Server"`. */
  readonly clock?: StoreClock | undefined
}

/**
 * Registers the tests with the runner's `it`. Every test builds `layer`, which
 * must make an empty journal.
 *
 * @category suites
 * @since 0.1.0
 */
export const suite = (it: It, layer: Layer.Layer<Journal, unknown>, { clock = "Effect" }: Options = {}): void => {
  const register = bounded(it)[clock === "Effect" ? "effect" : "live"]
  const make = Effect.map(Layer.build(Layer.fresh(layer)), (context) => Context.get(context, Journal))
  const time = Duration.times(lease, 1.5)
  const subject: Subject = {
    test: (name, test) => register(name, () => Effect.flatMap(make, test)),
    pass: clock === "Effect" ? TestClock.adjust(time) : Effect.sleep(time)
  }
  calls.register(subject)
  counts.register(subject)
  leases.register(subject)
  resources.register(subject)
  runs.register(subject)
  ends.register(subject)
}
