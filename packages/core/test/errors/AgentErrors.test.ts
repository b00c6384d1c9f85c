import { assert, describe, it } from "@effect/vitest"
import * as AgentErrors from "../../src/errors/AgentErrors.ts"

const message = "limit exceeded"

describe("AgentErrors", () => {
  it("carry the limit of the run", () => {
    const { StepLimitError, ToolCallLimitError } = AgentErrors
    for (const Class of [StepLimitError, ToolCallLimitError])
      assert.strictEqual(new Class({ message, limit: 8 }).limit, 8)
  })

  it("carry the tokens used of the token limit", () => {
    const error = new AgentErrors.TokenLimitError({ message, limit: 1_000, used: 1_200 })
    assert.deepInclude(error, { limit: 1_000, used: 1_200 })
  })

  it("carry the number of repetitions of a tool", () => {
    const error = new AgentErrors.RepeatedToolCallError({ message, tool: "search", count: 8 })
    assert.deepInclude(error, { tool: "search", count: 8 })
  })

  it("name the agent of a swarm", () => {
    assert.strictEqual(new AgentErrors.StepLimitError({ message, limit: 8, agent: "reviewer" }).agent, "reviewer")
  })

  it("do not take the limit of a run for a model's window", () => {
    const error = new AgentErrors.StepLimitError({ message, limit: 8 })
    assert.deepStrictEqual(error.recovery, { _tag: "FixRequest" })
  })
})
