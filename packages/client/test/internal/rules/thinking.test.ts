import { assert, describe, it } from "@effect/vitest"
import type { Message } from "@kimi-effect/core/Message"
import { forcedTool, reasoningHistory, thinkingControl } from "../../../src/internal/rules/thinking.ts"
import { ask, elsewhere, families, familyNames, type Members, requestOf, user } from "../support/rules.ts"

const on: Members = { thinking: { type: "enabled" } }
const off: Members = { thinking: { type: "disabled" } }
const keep: Members = { thinking: { type: "enabled", keep: "all" } }
const required: Members = { tool_choice: "required" }
const named: Members = { tool_choice: { type: "function", function: { name: "f" } } }

const firstOf = (...names: ReadonlyArray<keyof typeof families>): ReadonlyArray<string> =>
  names.flatMap((name) => families[name])

describe("thinkingControl", () => {
  it("accepts the switch of each family", () => {
    for (const model of firstOf("k26", "k25")) {
      for (const members of [{}, on, off]) assert.isUndefined(ask(thinkingControl, model, members), model)
    }
    for (const model of firstOf("k27", "k2Thinking")) assert.isUndefined(ask(thinkingControl, model, on), model)
  })

  it("accepts the efforts of the K3 models", () => {
    for (const model of firstOf("k3")) {
      for (const effort of ["low", "high", "max"]) {
        assert.isUndefined(ask(thinkingControl, model, { reasoning_effort: effort }), model)
      }
    }
  })

  it("accepts keep where the model supports it", () => {
    for (const model of firstOf("k26")) {
      assert.isUndefined(ask(thinkingControl, model, keep))
      assert.isUndefined(ask(thinkingControl, model, { thinking: { type: "disabled", keep: null } }))
    }
  })

  it("refuses the switch on models that have an effort instead", () => {
    for (const model of firstOf("k3")) {
      for (const members of [on, off, keep]) {
        assert.deepStrictEqual(ask(thinkingControl, model, { ...members, reasoning_effort: "low" }), {
          error: {
            _tag: "UnsupportedParameterError",
            message: `${model} accepts thinking only as absent`,
            parameter: "thinking",
            allowed: "absent",
            fix: "Use reasoning_effort instead."
          },
          repaired: requestOf(model, { reasoning_effort: "low" }),
          note: "removed thinking"
        })
      }
    }
  })

  it("refuses to disable thinking on models that always think", () => {
    for (const model of firstOf("k27", "k2Thinking")) {
      assert.deepStrictEqual(ask(thinkingControl, model, off), {
        error: {
          _tag: "UnsupportedParameterError",
          message: `${model} accepts thinking only as enabled`,
          parameter: "thinking",
          allowed: "enabled",
          fix: "Leave thinking out: this model always thinks."
        },
        repaired: requestOf(model),
        note: "removed thinking"
      })
    }
  })

  it("rejects keep where the model does not support it", () => {
    for (const model of firstOf("k27", "k25", "k2Thinking")) {
      const found = ask(thinkingControl, model, keep)
      assert.deepInclude(found?.error, {
        parameter: "thinking",
        allowed: "a switch without keep",
        fix: "Leave thinking.keep out."
      })
    }
  })

  it("removes keep where the model does not support it, but not the switch", () => {
    for (const model of firstOf("k27", "k25", "k2Thinking")) {
      const found = ask(thinkingControl, model, keep)
      assert.deepStrictEqual(found?.repaired, requestOf(model, on))
      assert.strictEqual(found?.note, "removed thinking.keep")
    }
    const kept = ask(thinkingControl, "kimi-k2.5", { thinking: { type: "disabled", keep: "all" } })
    assert.deepStrictEqual(kept?.repaired, requestOf("kimi-k2.5", off))
  })

  it("refuses unknown efforts of the K3 models", () => {
    for (const model of firstOf("k3")) {
      for (const effort of ["medium", "none", "HIGH", ""]) {
        assert.deepStrictEqual(ask(thinkingControl, model, { reasoning_effort: effort }), {
          error: {
            _tag: "UnsupportedParameterError",
            message: `${model} accepts reasoning_effort only as low, high or max`,
            parameter: "reasoning_effort",
            allowed: "low, high or max",
            fix: "Use one of low, high, max."
          },
          repaired: requestOf(model),
          note: "removed reasoning_effort"
        })
      }
    }
    assert.isUndefined(ask(thinkingControl, "kimi-k2.6", { reasoning_effort: "medium" }))
  })
})

describe("forcedTool", () => {
  it("accepts the choices that each family allows by its thinking", () => {
    const table = {
      k3: [true, true, false, false],
      k27: [false, false, false, false],
      k26: [false, true, false, true],
      k25: [false, true, false, true],
      k2: [true, true, true, true],
      k2Thinking: [false, false, false, false],
      v1: [false, false, false, false]
    }
    for (const family of familyNames) {
      for (const model of families[family]) {
        assert.deepStrictEqual(
          [required, { ...required, ...off }, named, { ...named, ...off }].map(
            (members) => ask(forcedTool, model, members) === undefined
          ),
          table[family],
          model
        )
        for (const choice of ["auto", "none", undefined] as const) {
          assert.isUndefined(ask(forcedTool, model, { tool_choice: choice }), model)
        }
      }
    }
  })

  it("is repaired to auto", () => {
    const found = ask(forcedTool, "kimi-k2.6", named)
    assert.deepStrictEqual(found?.repaired, requestOf("kimi-k2.6", { tool_choice: "auto" }))
    assert.strictEqual(found?.note, "set tool_choice to auto")
  })

  it("fails with the allowed choices", () => {
    assert.deepStrictEqual(ask(forcedTool, "kimi-k2.6", named)?.error, {
      _tag: "UnsupportedParameterError",
      message: "kimi-k2.6 accepts tool_choice only as auto or none",
      parameter: "tool_choice",
      allowed: "auto or none",
      fix: 'Set thinking to {"type":"disabled"}, or use "auto".'
    })
    assert.deepInclude(ask(forcedTool, "kimi-k3", named)?.error, {
      allowed: "auto, none or required",
      fix: "Use auto, none or required."
    })
    assert.deepInclude(ask(forcedTool, "kimi-k2.7-code", required)?.error, { fix: "Use auto or none." })
  })
})

describe("reasoningHistory", () => {
  const call = { id: "f_0", type: "function", function: { name: "f", arguments: "{}" } }
  const without: Message = { role: "assistant", tool_calls: [call] }
  const result: Message = { role: "tool", tool_call_id: "f_0", content: "1" }
  const history = [user, without, result]

  it("refuses tool calls without their reasoning while the model thinks", () => {
    for (const model of firstOf("k3", "k27", "k26", "k25", "k2Thinking")) {
      assert.deepStrictEqual(ask(reasoningHistory, model, { messages: history }), {
        error: {
          _tag: "MissingReasoningError",
          message: "The assistant message 1 has tool calls but no reasoning_content",
          parameter: "messages[1]"
        },
        repaired: requestOf(model, { messages: [user, { ...without, reasoning_content: "" }, result] }),
        note: "added an empty reasoning_content to messages[1]"
      })
    }
  })

  it("requires no reasoning where the model does not think", () => {
    for (const model of firstOf("k2", "v1")) assert.isUndefined(ask(reasoningHistory, model, { messages: history }))
    for (const model of firstOf("k26", "k25")) {
      assert.isUndefined(ask(reasoningHistory, model, { ...off, messages: history }))
    }
  })

  it("accepts reasoning, including an empty text", () => {
    for (const reasoning_content of ["Hm", ""]) {
      assert.isUndefined(
        ask(reasoningHistory, "kimi-k3", { messages: [user, { ...without, reasoning_content }, result] })
      )
    }
  })

  it("accepts messages without tool calls", () => {
    const plain: ReadonlyArray<Message> = [
      user,
      { role: "assistant", content: "x" },
      { role: "assistant", content: "x", tool_calls: [] }
    ]
    assert.isUndefined(ask(reasoningHistory, "kimi-k3", { messages: plain }))
  })

  it("repairs one message at a time, in order", () => {
    const messages = [...history, without, result]
    const first = ask(reasoningHistory, "kimi-k3", { messages })
    const second = ask(reasoningHistory, "kimi-k3", { messages: first?.repaired?.messages ?? [] })
    assert.deepStrictEqual(
      [first?.note, second?.note],
      ["added an empty reasoning_content to messages[1]", "added an empty reasoning_content to messages[3]"]
    )
    assert.isUndefined(ask(reasoningHistory, "kimi-k3", { messages: second?.repaired?.messages ?? [] }))
  })
})

describe("every rule of thinking", () => {
  it("applies to known models at Moonshot only", () => {
    const call = { id: "f_0", type: "function", function: { name: "f", arguments: "{}" } }
    const odd: Members = {
      ...off,
      ...named,
      reasoning_effort: "odd",
      messages: [{ role: "assistant", tool_calls: [call] }]
    }
    for (const rule of [thinkingControl, forcedTool, reasoningHistory]) {
      for (const host of elsewhere) assert.isUndefined(ask(rule, "kimi-k3", odd, host), host)
      assert.isUndefined(ask(rule, "kimi-k9", odd))
      assert.isDefined(ask(rule, "kimi-k3", odd, "moonshot-cn"))
    }
  })
})
