import { assert, describe, it } from "@effect/vitest"
import * as AgentState from "@kimi-effect/client/agent/AgentState"
import * as Effect from "effect/Effect"
import { assertAccepted, toolTexts } from "./support/agent.ts"

const user = { role: "user", content: "Go" } as const
const call = (position: number, status: AgentState.AgentCall["status"]): AgentState.AgentCall => ({
  callId: `1/${position}`,
  wireId: `rm_${position}`,
  tool: "remove",
  arguments: `{"path":"${position}"}`,
  repeats: 1,
  status,
  ...(status === "done" ? { result: { content: "removed", isFailure: false } } : {})
})

const withCalls = (...statuses: ReadonlyArray<AgentState.AgentCall["status"]>): AgentState.AgentState => {
  const calls = statuses.map((status, position) => call(position, status))
  return {
    ...AgentState.make([
      user,
      {
        role: "assistant",
        content: "",
        reasoning_content: "Hm",
        tool_calls: calls.map(({ arguments: args, tool, wireId }) => ({
          id: wireId,
          type: "function",
          function: { name: tool, arguments: args }
        }))
      }
    ]),
    steps: 1,
    calls
  }
}

describe("AgentState.messages", () => {
  it("has a result for each call, in any status", () => {
    const messages = AgentState.messages(withCalls("done", "started", "pending", "awaiting", "approved"))
    assert.deepStrictEqual(toolTexts(messages), [
      "removed",
      "This call was interrupted before it returned. Whether it took effect is not known.",
      "This call was not run.",
      "This call was not run.",
      "This call was not run."
    ])
    assertAccepted(messages)
  })
})

describe("AgentState.addMessages", () => {
  it("closes the calls of the last turn", () => {
    const state = AgentState.addMessages(user)(withCalls("done", "awaiting"))
    assert.deepStrictEqual([state.calls, AgentState.approvals(state)], [[], []])
    assertAccepted(state.messages)
  })

  it("continues a conversation that was finished", () => {
    const state = AgentState.addMessages(user)({ ...AgentState.make([user]), finishReason: "stop" })
    assert.isUndefined(state.finishReason)
  })
})

describe("AgentState.approvals", () => {
  it("are the calls that wait for one", () => {
    assert.deepStrictEqual(AgentState.approvals(withCalls("done", "awaiting", "approved")), [
      { callId: "1/1", tool: "remove", arguments: '{"path":"1"}' }
    ])
  })
})

describe("AgentState.decode", () => {
  it.effect("reads what JSON.stringify wrote", () =>
    Effect.gen(function* () {
      const state = withCalls("done", "awaiting")
      assert.deepStrictEqual(yield* AgentState.decode(JSON.parse(JSON.stringify(state))), state)
    })
  )

  it.effect("refuses another value without repeating it", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(AgentState.decode({ ...withCalls("done"), version: 2, secret: "hunter2" }))
      assert.deepStrictEqual([error._tag, error.parameter], ["InvalidRequestError", "state"])
      assert.notInclude(JSON.stringify(error), "hunter2")
    })
  )
})
