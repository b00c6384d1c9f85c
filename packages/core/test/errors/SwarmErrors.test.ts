import { assert, describe, it } from "@effect/vitest"
import { Duration } from "effect"
import * as SwarmErrors from "../../src/errors/SwarmErrors.ts"

describe("SwarmErrors", () => {
  it("carry the number of agents that a plan needs next to the limit", () => {
    const error = new SwarmErrors.AgentLimitError({ message: "too many agents", limit: 100, requested: 240 })
    assert.deepInclude(error, { limit: 100, requested: 240 })
  })

  it("list the agents of a cycle in its order", () => {
    const error = new SwarmErrors.InvalidPlanError({ message: "cycle", reason: "cycle", agents: ["a", "b", "a"] })
    assert.deepStrictEqual(error.agents, ["a", "b", "a"])
  })

  it("refuse a reason that does not exist", () => {
    assert.throws(() =>
      Reflect.construct(SwarmErrors.InvalidPlanError, [{ message: "odd", reason: "odd", agents: [] }])
    )
  })

  it("carry the wait of a suspended swarm into its recovery", () => {
    const retryAfter = Duration.hours(2)
    const error = new SwarmErrors.SwarmSuspendedError({
      message: "suspended",
      swarmId: "swarm-1",
      reason: "DailyLimitError",
      retryAfter
    })
    assert.deepStrictEqual(error.recovery, { _tag: "WaitForQuota", after: retryAfter })
  })
})
