import { assert, describe, it } from "@effect/vitest"
import { Effect, Random } from "effect"
import * as Circuit from "../../../../src/resilience/internal/circuit/Circuit.ts"
import { anyRules, policyOf, walk } from "../../support/circuitWalk.ts"

const plain: Circuit.Policy = {
  consecutiveFailures: 3,
  window: { _tag: "Count", size: 100 },
  minimumCalls: 1,
  halfOpenPermits: 2,
  halfOpenSuccesses: 2,
  probeTimeoutMillis: 100
}

/** A policy with rates only. */
const rated = (policy: Partial<Circuit.Policy>): Circuit.Policy => ({
  ...plain,
  consecutiveFailures: undefined,
  ...policy
})

const call = (circuit: Circuit.Circuit, policy: Circuit.Policy, outcome: Circuit.Outcome, now = 0) => {
  const acquired = Circuit.acquire(circuit, policy, now)
  return acquired.permit === undefined
    ? assert.fail("a permit was expected")
    : Circuit.record(acquired.circuit, policy, acquired.permit, outcome, now, now + 50)
}

const calls = (policy: Circuit.Policy, ...outcomes: ReadonlyArray<Circuit.Outcome>) =>
  outcomes.reduce((circuit, outcome) => call(circuit, policy, outcome), Circuit.closed(policy))

const times = (count: number, outcome: Circuit.Outcome) => Array.from({ length: count }, () => outcome)

const states = (policy: Circuit.Policy, ...outcomes: ReadonlyArray<Circuit.Outcome>) => [
  calls(policy, ...outcomes.slice(0, -1))._tag,
  calls(policy, ...outcomes)._tag
]

const probed = (circuit: Circuit.Circuit, now: number, policy = plain) => {
  const { circuit: next, permit } = Circuit.acquire(circuit, policy, now)
  return permit === undefined ? assert.fail("a probe was expected") : { next, permit }
}

describe("A closed circuit", () => {
  it("opens exactly at the last failure of a row", () => {
    assert.deepStrictEqual(states(plain, ...times(3, "failure")), ["Closed", "Open"])
  })

  it("restarts the row after a success or a slow call, but not after an ignored one", () => {
    const run = times(2, "failure")
    assert.strictEqual(calls(plain, ...run, "success", ...run)._tag, "Closed")
    assert.strictEqual(calls(plain, ...run, "slow", ...run)._tag, "Closed")
    assert.strictEqual(calls(plain, ...run, "ignored", "failure")._tag, "Open")
  })

  it("opens at exactly the failure rate, once there are enough calls", () => {
    const policy = rated({ failureRate: 0.5, minimumCalls: 4 })
    assert.deepStrictEqual(states(policy, "failure", "success", "failure", "success"), ["Closed", "Open"])
    assert.strictEqual(calls(policy, "failure", "success", "success", "success")._tag, "Closed")
    assert.strictEqual(calls(policy, "failure", "failure", "failure", "ignored")._tag, "Closed")
  })

  it("opens at the rate of slow calls, which do not count as failures", () => {
    assert.deepStrictEqual(states(rated({ slowRate: 0.5, minimumCalls: 2 }), "success", "slow"), ["Closed", "Open"])
    assert.strictEqual(calls(rated({ failureRate: 0.5 }), ...times(9, "slow"))._tag, "Closed")
    assert.strictEqual(calls(rated({ slowRate: 0.5 }), ...times(9, "failure"))._tag, "Closed")
  })

  it("does not round a rate past its threshold", () => {
    for (let part = 1; part < 100; part++) {
      const policy = rated({ failureRate: part / 100, minimumCalls: 100 })
      const good = times(100 - part, "success")
      assert.strictEqual(calls(policy, ...good, ...times(part, "failure"))._tag, "Open", `${part} of 100`)
      assert.strictEqual(calls(policy, ...good, "success", ...times(part - 1, "failure"))._tag, "Closed", `${part}`)
    }
  })

  it("never opens without a failure or a slow call, even with a rate of zero", () => {
    assert.strictEqual(calls(rated({ failureRate: 0, slowRate: 0 }), ...times(5, "success"))._tag, "Closed")
  })
})

describe("An open circuit", () => {
  const opened = Circuit.open(Circuit.closed(plain), 1_000)

  it("rejects with the remaining time until it has passed", () => {
    assert.deepStrictEqual<unknown>(Circuit.acquire(opened, plain, 999), {
      circuit: opened,
      permit: undefined,
      retryAfter: 1
    })
    assert.strictEqual(probed(opened, 1_000).next._tag, "HalfOpen")
  })

  it("ignores late outcomes", () => {
    const { circuit, permit } = Circuit.acquire(Circuit.closed(plain), plain, 0)
    const late = Circuit.open(circuit, 1_000)
    assert.isDefined(permit)
    for (const outcome of ["success", "failure", "slow", "ignored"] as const) {
      assert.strictEqual(Circuit.record(late, plain, permit, outcome, 10, 5_000), late)
    }
  })
})

describe("A half-open circuit", () => {
  const first = probed(Circuit.open(Circuit.closed(plain), 0), 0)
  const second = probed(first.next, 0)
  const settle = (circuit: Circuit.Circuit, permit: Circuit.Permit, outcome: Circuit.Outcome, now = 0) =>
    Circuit.record(circuit, plain, permit, outcome, now, 900)

  it("permits as many probes as it has permits", () => {
    const third = Circuit.acquire(second.next, plain, 99)
    assert.deepStrictEqual<unknown>(third, { circuit: second.next, permit: undefined, retryAfter: undefined })
  })

  it("closes at the last success that it needs", () => {
    const one = settle(second.next, first.permit, "success")
    assert.strictEqual(one._tag, "HalfOpen")
    assert.deepStrictEqual(settle(one, second.permit, "success"), Circuit.closed(plain, 3))
  })

  it("opens again at one failed or slow probe after any successes", () => {
    for (const outcome of ["failure", "slow"] as const) {
      const failed = settle(settle(second.next, first.permit, "success"), second.permit, outcome)
      assert.deepStrictEqual(failed, { _tag: "Open", epoch: 3, until: 900 })
    }
  })

  it("releases the permit of an ignored probe without counting it", () => {
    const ignored = settle(second.next, first.permit, "ignored")
    assert.strictEqual(probed(ignored, 0).next._tag, "HalfOpen")
    assert.strictEqual(settle(ignored, second.permit, "success")._tag, "HalfOpen")
  })

  it("passes the permit of a probe that takes too long to another", () => {
    assert.isUndefined(Circuit.acquire(second.next, plain, 99).permit)
    const third = probed(second.next, 100)
    assert.deepInclude(third.next, { probes: [{ id: 3, startedAt: 100 }] })
  })

  it("remembers which probes have lost their permits", () => {
    const both = probed(first.next, 50).next
    assert.deepInclude(Circuit.acquire(both, plain, 100).circuit, { expiredProbes: [{ id: 1, startedAt: 0 }] })
  })

  it("counts the outcome of a probe without a permit once", () => {
    const third = probed(second.next, 100)
    assert.strictEqual(settle(third.next, first.permit, "failure", 100)._tag, "Open")
    const recorded = settle(third.next, first.permit, "success", 100)
    assert.strictEqual(settle(recorded, first.permit, "success", 100), recorded)
    assert.strictEqual(settle(recorded, third.permit, "success", 100)._tag, "Closed")
    const ignored = settle(third.next, first.permit, "ignored", 100)
    assert.deepInclude(ignored, { probes: [{ id: 3, startedAt: 100 }], expiredProbes: [{ id: 2, startedAt: 0 }] })
  })

  it("counts a probe once although it is recorded repeatedly", () => {
    const once = settle(second.next, first.permit, "success")
    assert.strictEqual(settle(once, first.permit, "success"), once)
    assert.strictEqual(settle(once, first.permit, "failure"), once)
  })
})

describe("A forced circuit", () => {
  it("ignores outcomes while it rejects or permits every call", () => {
    const isolated: Circuit.Circuit = { _tag: "Isolated", epoch: 0 }
    const forced: Circuit.Circuit = { _tag: "ForcedClosed", epoch: 0 }
    assert.deepStrictEqual(Circuit.acquire(isolated, plain, 1e15), {
      circuit: isolated,
      permit: undefined,
      retryAfter: undefined
    })
    const permit = { epoch: 0, probeId: 0 }
    assert.deepStrictEqual(Circuit.acquire(forced, plain, 0), { circuit: forced, permit })
    for (const circuit of [isolated, forced]) {
      assert.strictEqual(
        Circuit.record(circuit, { ...plain, consecutiveFailures: 1 }, permit, "failure", 0, 9),
        circuit
      )
    }
  })
})

describe("In every random walk a circuit", () => {
  const seeded = <A>(body: (chance: Random.Random) => A) =>
    Effect.map(Random.Random, body).pipe(Random.withSeed("invariants"))

  it.effect("respects its permits, its open duration, its epoch", () =>
    seeded((chance) => {
      for (let number = 0; number < 20_000; number++) {
        const policy = policyOf(anyRules(chance))
        const young = new Map<number, number>()
        walk({
          chance,
          policy,
          steps: 60,
          mayGoBack: false,
          visit: (before, deed, after) => {
            const moved = before._tag !== after._tag || deed._tag === "Open"
            const epoch = before.epoch + (moved ? 1 : 0)
            if (after.epoch !== epoch) assert.fail(`walk ${number}: the epoch is ${after.epoch}, not ${epoch}`)
            if (moved) young.clear()
            if (deed._tag === "Settle") {
              if (deed.permit.epoch === before.epoch) young.delete(deed.permit.probeId)
              else if (after !== before) assert.fail(`walk ${number}: recorded a late result`)
            }
            if (deed._tag !== "Acquire" || deed.acquired.permit === undefined) return
            if (before._tag === "Open") assert.isAtLeast(deed.now, before.until)
            if (after._tag !== "HalfOpen") return
            young.set(deed.acquired.permit.probeId, deed.now)
            const out = [...young.values()].filter((startedAt) => deed.now - startedAt < policy.probeTimeoutMillis)
            assert.isAtMost(out.length, policy.halfOpenPermits)
          }
        })
      }
    })
  )

  it.effect("has every permit back once all calls have been interrupted", () =>
    seeded((chance) => {
      let halfOpen = 0
      for (let number = 0; number < 20_000; number++) {
        const policy = policyOf(anyRules(chance))
        const end = walk({ chance, policy, steps: 30, mayGoBack: true, visit: () => undefined })
        let circuit = end.out.reduce(
          (circuit, permit) => Circuit.record(circuit, policy, permit, "ignored", end.now, end.now),
          end.circuit
        )
        if (circuit._tag !== "HalfOpen") continue
        halfOpen++
        assert.deepStrictEqual([circuit.probes, circuit.expiredProbes], [[], []])
        for (let permit = 0; permit < policy.halfOpenPermits; permit++) circuit = probed(circuit, end.now, policy).next
        assert.isUndefined(Circuit.acquire(circuit, policy, end.now).permit)
      }
      assert.isAbove(halfOpen, 1_500)
    })
  )
})
