import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect } from "effect"
import { TestClock } from "effect/testing"
import type * as Circuit from "../../../../src/resilience/internal/circuit/Circuit.ts"
import * as CircuitView from "../../../../src/resilience/internal/circuit/CircuitView.ts"

const viewOf = (maxEntries?: number) => Effect.flatMap(Clock.Clock, (clock) => CircuitView.make(clock, maxEntries))

const keysOf = (view: CircuitView.CircuitView) =>
  view
    .entries()
    .map(({ key }) => key)
    .join(" ")

type Tag = Circuit.Circuit["_tag"]

/** The keys that remain when another circuit is seen by a view that is full with circuits a, b, c. */
const remaining = Effect.fnUntraced(function* (...tags: ReadonlyArray<Tag | readonly ["forced", Tag]>) {
  const view = yield* viewOf(3)
  for (const [index, tag] of tags.entries()) {
    const key = "abc".charAt(index)
    yield* typeof tag === "string" ? view.record(key, tag, 1_000) : view.force(key, tag[1])
  }
  assert.strictEqual(keysOf(view), "a b c")
  yield* view.record("new", "Closed")
  return keysOf(view)
})

describe("A full view of shared circuits makes room", () => {
  it.effect("by the closed circuit that was not used for longest", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* remaining("Open", "Closed", "Closed"), "a c new")
    })
  )

  it.effect("by the circuit that was not used for longest if none is closed", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* remaining("Open", "HalfOpen", "Open"), "b c new")
    })
  )

  it.effect("by none that was forced here", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* remaining(["forced", "ForcedClosed"], "Open", "HalfOpen"), "a c new")
      assert.strictEqual(yield* remaining(["forced", "Closed"], "Open", "Open"), "a c new")
      const forced = ["forced", "Isolated"] as const
      assert.strictEqual(yield* remaining(forced, forced, forced), "a b c new")
    })
  )

  it.effect("by none when a circuit is used again", () =>
    Effect.gen(function* () {
      const view = yield* viewOf(2)
      yield* view.record("a", "Closed")
      yield* view.record("b", "Closed")
      yield* view.record("a", "Closed")
      assert.strictEqual(keysOf(view), "b a")
    })
  )
})

describe("The circuits of a view", () => {
  it.effect("are data without what only the store knows", () =>
    Effect.gen(function* () {
      const view = yield* viewOf()
      yield* view.record("closed", "Closed")
      yield* view.record("open", "Open", 5_000)
      yield* view.record("half-open", "HalfOpen")
      yield* view.force("isolated", "Isolated")
      yield* view.force("forced", "ForcedClosed")
      assert.deepStrictEqual(Object.fromEntries(view.states()), {
        closed: { _tag: "Closed", epoch: 0, consecutiveFailures: 0, windowState: { _tag: "Count", calls: [] } },
        open: { _tag: "Open", epoch: 1, until: 5_000 },
        "half-open": { _tag: "HalfOpen", epoch: 1, successes: 0, lastProbeId: 0, probes: [], expiredProbes: [] },
        isolated: { _tag: "Isolated", epoch: 1 },
        forced: { _tag: "ForcedClosed", epoch: 1 }
      })
    })
  )

  it.effect("stay open by name when a forced open duration is over, until the store reports another state", () =>
    Effect.gen(function* () {
      const view = yield* viewOf()
      yield* view.force("a", "Open", 1_000)
      yield* TestClock.adjust("1 second")
      assert.isUndefined(view.checkForced("a"))
      assert.deepStrictEqual(view.states().get("a"), { _tag: "Open", epoch: 1, until: 1_000 })
      yield* view.record("a", "HalfOpen")
      assert.strictEqual(view.get("a").tag, "HalfOpen")
    })
  )
})
