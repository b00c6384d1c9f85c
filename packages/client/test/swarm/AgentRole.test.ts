import { assert, describe, it } from "@effect/vitest"
import { AgentRole } from "@kimi-effect/client/swarm"

describe("the roles of agents", () => {
  it("have different names", () => {
    assert.strictEqual(new Set(AgentRole.all.map(({ name }) => name)).size, 8)
  })

  it("grant no tool unless one is given", () => {
    assert.deepStrictEqual(AgentRole.toProfile(AgentRole.critic).tools, [])
    assert.deepStrictEqual(AgentRole.toProfile(AgentRole.critic, ["read_file"]).tools, ["read_file"])
  })
})
