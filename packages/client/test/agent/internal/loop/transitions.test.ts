import { assert, describe, it } from "@effect/vitest"
import * as AgentState from "@kimi-effect/client/agent/AgentState"
import { ChatResponse } from "@kimi-effect/core/ChatResponse"
import { fromTokens } from "@kimi-effect/core/Usage"
import * as BigDecimal from "effect/BigDecimal"
import * as Option from "effect/Option"
import * as Transitions from "../../../../src/agent/internal/loop/transitions.ts"

const amount = BigDecimal.fromStringUnsafe
const charge = { usage: fromTokens(10, 5), isEstimate: false, cost: Option.none() }

const response = (ids: ReadonlyArray<string>, reasoning?: string) =>
  new ChatResponse({
    id: "1",
    model: "kimi-k3",
    created: 1,
    choices: [
      {
        index: 0,
        message: {
          role: "assistant",
          content: "",
          ...(reasoning === undefined ? {} : { reasoning_content: reasoning }),
          tool_calls: ids.map((id) => ({ id, type: "function", function: { name: "note", arguments: "{}" } }))
        },
        finish_reason: "tool_calls"
      }
    ]
  })

describe("a response", () => {
  it("gets ids of calls that are unique in the run, where those of the host repeat", () => {
    const first = Transitions.respond(AgentState.make([]), response(["rm_0"]), charge, false)
    const done = Transitions.setResult(first, "1/0", { content: "", isFailure: false })
    const second = Transitions.respond(done, response(["rm_0"]), charge, false)
    assert.deepStrictEqual(
      [first, second].map(({ calls }) => calls.map(({ callId, wireId }) => [callId, wireId])),
      [[["1/0", "rm_0"]], [["2/0", "rm_0"]]]
    )
  })

  it("gets other ids of the host where they repeat in one message", () => {
    const { calls, messages } = Transitions.respond(AgentState.make([]), response(["a", "a", ""]), charge, false)
    const wireIds = calls.map(({ wireId }) => wireId)
    assert.strictEqual(new Set(wireIds).size, 3)
    const [message] = messages
    assert(message?.role === "assistant")
    assert.deepStrictEqual(
      message.tool_calls?.map(({ id }) => id),
      wireIds
    )
  })

  it("keeps its reasoning where a host requires one", () => {
    const [message] = Transitions.respond(AgentState.make([]), response(["a"], "Hm"), charge, true).messages
    assert(message?.role === "assistant")
    assert.strictEqual(message.reasoning_content, "Hm")
  })

  it("has no reasoning that no host requires", () => {
    const [message] = Transitions.respond(AgentState.make([]), response(["a"]), charge, false).messages
    assert.notProperty(message, "reasoning_content")
  })

  it("adds its cost to the total of its currency", () => {
    const cost = (currency: "USD" | "CNY", total: string) => ({ currency, total: amount(total), saved: amount("0.1") })
    const costs = [cost("USD", "0.1"), cost("CNY", "3"), cost("USD", "0.2")].reduce(Transitions.addCost, [])
    assert.deepStrictEqual(
      costs.toSorted((a, b) => (a.currency < b.currency ? -1 : 1)),
      [
        { currency: "CNY", total: "3", saved: "0.1" },
        { currency: "USD", total: "0.3", saved: "0.2" }
      ]
    )
  })
})

describe("the result of a tool that has a price", () => {
  it("adds it to the cost of the run", () => {
    const state = Transitions.respond(AgentState.make([]), response(["a"]), charge, false)
    const { costs } = Transitions.setResult(state, "1/0", { content: "", isFailure: false, cost: "0.005" })
    assert.deepStrictEqual(costs, [{ currency: "USD", total: "0.005", saved: "0" }])
  })
})
