import { assert, describe, it } from "@effect/vitest"
import type * as Circuit from "../../../../src/resilience/internal/circuit/Circuit.ts"
import * as CircuitTimes from "../../../../src/resilience/internal/circuit/CircuitTimes.ts"

const shifted = (circuit: Circuit.Circuit) => CircuitTimes.shift(circuit, { _tag: "Time", millis: 1_000 }, 5_000)

describe("A circuit that is moved in time", () => {
  it("stays open for the same time", () => {
    assert.deepStrictEqual(shifted({ _tag: "Open", epoch: 1, until: 100 }), { _tag: "Open", epoch: 1, until: 5_100 })
  })

  it("has probes of the same age", () => {
    const circuit: Circuit.Circuit = {
      _tag: "HalfOpen",
      epoch: 1,
      successes: 2,
      lastProbeId: 4,
      probes: [{ id: 4, startedAt: 30 }],
      expiredProbes: [{ id: 3, startedAt: 20 }]
    }
    assert.deepStrictEqual(shifted(circuit), {
      ...circuit,
      probes: [{ id: 4, startedAt: 5_030 }],
      expiredProbes: [{ id: 3, startedAt: 5_020 }]
    })
  })

  it("counts the same calls", () => {
    const slot = { index: 3, calls: 1, failures: 1, slow: 0 }
    const total = { calls: 1, failures: 1, slow: 0 }
    const circuit: Circuit.Circuit = {
      _tag: "Closed",
      epoch: 0,
      consecutiveFailures: 1,
      windowState: { _tag: "Time", earlier: [], latest: slot, total }
    }
    assert.deepStrictEqual(shifted(circuit), {
      ...circuit,
      windowState: { _tag: "Time", earlier: [], latest: { ...slot, index: 53 }, total }
    })
  })

  it("stays as it was forced", () => {
    for (const _tag of ["Isolated", "ForcedClosed"] as const) {
      assert.deepStrictEqual(shifted({ _tag, epoch: 1 }), { _tag, epoch: 1 })
    }
  })
})
