import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect } from "effect"
import type * as Circuit from "../../../../src/resilience/internal/circuit/Circuit.ts"
import * as CircuitOptions from "../../../../src/resilience/internal/circuit/CircuitOptions.ts"
import { CircuitRegistry } from "../../../../src/resilience/internal/circuit/CircuitRegistry.ts"

const closedAfter = (consecutiveFailures: number): Circuit.Circuit => ({
  _tag: "Closed",
  epoch: 0,
  consecutiveFailures,
  windowState: { _tag: "Count", calls: [] }
})
const healthy = closedAfter(0)
const failing = closedAfter(1)
const open: Circuit.Circuit = { _tag: "Open", epoch: 1, until: 1_000 }
const halfOpen: Circuit.Circuit = {
  _tag: "HalfOpen",
  epoch: 2,
  successes: 0,
  lastProbeId: 0,
  probes: [],
  expiredProbes: []
}
const isolated: Circuit.Circuit = { _tag: "Isolated", epoch: 1 }
const forcedClosed: Circuit.Circuit = { _tag: "ForcedClosed", epoch: 1 }

/** The keys that remain when another circuit is added to a registry that is full with three circuits a, b, c. */
const remaining = Effect.fnUntraced(function* (...circuits: ReadonlyArray<Circuit.Circuit>) {
  const registry = new CircuitRegistry(CircuitOptions.defaults, yield* Clock.Clock, 3)
  for (const [index, circuit] of circuits.entries()) yield* registry.force("abc".charAt(index), () => circuit)
  assert.strictEqual(registry.states().size, 3)
  yield* registry.get("new")
  return [...registry.states().keys()].join(" ")
})

describe("A full registry of circuits makes room", () => {
  it.effect("by the oldest closed circuit without a failure", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* remaining(failing, healthy, healthy), "a c new")
      assert.strictEqual(yield* remaining(open, healthy, failing), "a c new")
    })
  )

  it.effect("by the oldest closed circuit if each has a failure", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* remaining(open, failing, failing), "a c new")
      assert.strictEqual(yield* remaining(isolated, halfOpen, failing), "a b new")
    })
  )

  it.effect("by the oldest circuit that opened by itself if none is closed", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* remaining(isolated, open, halfOpen), "a c new")
      assert.strictEqual(yield* remaining(forcedClosed, halfOpen, open), "a c new")
    })
  )

  it.effect("by none that an operator has forced", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* remaining(isolated, forcedClosed, isolated), "a b c new")
    })
  )

  it.effect("by none if the circuit is known", () =>
    Effect.gen(function* () {
      const registry = new CircuitRegistry(CircuitOptions.defaults, yield* Clock.Clock, 1)
      yield* registry.force("a", () => failing)
      yield* registry.get("a")
      assert.strictEqual(registry.peek("a")?.circuit, failing)
    })
  )
})
