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

  it.each([
    ["AuthenticationError", "RotateKey", /^Check the key .* Then resume the swarm by its id\.$/],
    ["IpNotAllowedError", "FixRequest", /^Add this machine's address .* Then resume the swarm by its id\.$/],
    ["QuotaExceededError", "WaitForQuota", /^Top up the account/],
    ["of another version", "WaitForQuota", /^Top up the account/]
  ] as const)("name what removes the cause of a swarm that is suspended for %s", (reason, recovery, hint) => {
    const error = new SwarmErrors.SwarmSuspendedError({ message: "suspended", swarmId: "swarm-1", reason })
    assert.deepStrictEqual(error.recovery, { _tag: recovery })
    assert.match(error.hint, hint)
  })
})
