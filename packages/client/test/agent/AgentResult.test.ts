import { assert, describe, it } from "@effect/vitest"
import * as AgentResult from "@kimi-effect/client/agent/AgentResult"
import * as AgentState from "@kimi-effect/client/agent/AgentState"
import { StepLimitError } from "@kimi-effect/core/AgentErrors"
import * as BigDecimal from "effect/BigDecimal"
import * as Effect from "effect/Effect"

const state = AgentState.make([
  { role: "user", content: "Go" },
  { role: "assistant", content: "One" },
  { role: "user", content: "And?" }
])

describe("AgentResult.orFail", () => {
  it.effect("returns the result of a finished run", () =>
    Effect.gen(function* () {
      const result = new AgentResult.AgentResult({ _tag: "Finished", finishReason: "stop" }, state)
      assert.strictEqual(yield* AgentResult.orFail(result), result)
    })
  )

  it.effect("fails with the error that ended the run", () =>
    Effect.gen(function* () {
      const error = new StepLimitError({ message: "Too many", limit: 3 })
      const failed = yield* Effect.flip(
        AgentResult.orFail(new AgentResult.AgentResult({ _tag: "Stopped", error }, state))
      )
      assert.strictEqual(failed, error)
    })
  )

  it.effect("fails with ToolApprovalRequiredError for a call that needs an approval", () =>
    Effect.gen(function* () {
      const approvals = [{ callId: "1/0", tool: "remove", arguments: '{"path":"/secret"}' }]
      const error = yield* Effect.flip(
        AgentResult.orFail(new AgentResult.AgentResult({ _tag: "ApprovalRequired", approvals }, state))
      )
      assert(error._tag === "ToolApprovalRequiredError")
      assert.deepStrictEqual([error.tool, error.callId], ["remove", "1/0"])
      assert.notInclude(JSON.stringify(error), "secret")
    })
  )
})

describe("AgentResult", () => {
  const finished = (of: AgentState.AgentState) =>
    new AgentResult.AgentResult({ _tag: "Finished", finishReason: "stop" }, of)

  it("has the text of the model's last message", () => {
    assert.strictEqual(finished(state).text, "One")
  })

  it("has the text of an earlier message in parts", () => {
    const content = [{ type: "text", text: "One" } as const, { type: "text", text: " two" } as const]
    assert.strictEqual(finished(AgentState.make([{ role: "assistant", content }])).text, "One two")
  })

  it("has no text before the first message of the model", () => {
    assert.strictEqual(finished(AgentState.make([{ role: "user", content: "Go" }])).text, "")
  })

  it("has the exact cost", () => {
    const [cost] = finished({ ...state, costs: [{ currency: "USD", total: "0.000123", saved: "0" }] }).cost
    assert.strictEqual(cost === undefined ? "" : BigDecimal.format(cost.total), "0.000123")
  })
})
