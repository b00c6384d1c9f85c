import { assert, describe, it } from "@effect/vitest"
import type { Message } from "@kimi-effect/core/Message"
import type { ToolDefinition } from "@kimi-effect/core/Tool"
import * as Schema from "effect/Schema"
import { loadedTools, toolHistory, toolList, toolNames } from "../../../src/internal/rules/tools.ts"
import { ask, elsewhere, families, familyNames, type Members, user } from "../support/rules.ts"

const tool = (name: string): ToolDefinition => ({ type: "function", function: { name } })
const search: ToolDefinition = { type: "builtin_function", function: { name: "$web_search" } }
const tools = (count: number): ReadonlyArray<ToolDefinition> => Array.from({ length: count }, (_, i) => tool(`f${i}`))

/** A message that loads tools. */
const loading = (...names: ReadonlyArray<string>) => ({
  role: "system" as const,
  tools: names.map((name) => ({ type: "function" as const, function: { name } }))
})

describe("toolNames", () => {
  it("refuses a name with other characters at Moonshot", () => {
    assert.strictEqual(
      ask(toolNames, "kimi-k3", { tools: [tool("f"), tool("a.b")] })?.error["parameter"],
      "tools[1].function.name"
    )
    for (const host of elsewhere) assert.isUndefined(ask(toolNames, "kimi-k3", { tools: [tool("a.b")] }, host))
  })

  it("refuses such a name where a message loads the tool", () => {
    const messages = [user, loading("f", "a.b")]
    assert.strictEqual(
      ask(toolNames, "kimi-k3", { messages, tools: [tool("g")] })?.error["parameter"],
      "messages[1].tools[1].function.name"
    )
    assert.isUndefined(ask(toolNames, "kimi-k3", { messages: [user, loading("f")] }))
    for (const host of elsewhere) assert.isUndefined(ask(toolNames, "kimi-k3", { messages }, host))
  })

  it("accepts the names that Moonshot gives its own tools", () => {
    assert.isUndefined(ask(toolNames, "kimi-k3", { tools: [search] }))
  })
})

describe("toolList", () => {
  it("accepts at most 128 tools at Moonshot", () => {
    for (const model of ["kimi-k3", "unknown"]) {
      assert.isUndefined(ask(toolList, model, { tools: tools(128) }))
      assert.deepStrictEqual(ask(toolList, model, { tools: tools(129) }), {
        error: {
          _tag: "UnsupportedParameterError",
          message: "The request has 129 tools",
          parameter: "tools",
          allowed: "at most 128",
          fix: "Pass at most 128 tools."
        }
      })
      for (const host of elsewhere) assert.isUndefined(ask(toolList, model, { tools: tools(129) }, host))
    }
  })

  it("accepts requests without tools", () => {
    assert.isUndefined(ask(toolList, "kimi-k3", {}))
    assert.isUndefined(ask(toolList, "kimi-k3", { tools: [] }))
  })

  it("refuses two tools with the same name at every host", () => {
    for (const host of ["moonshot", ...elsewhere] as const) {
      assert.deepStrictEqual(ask(toolList, "kimi-k3", { tools: [tool("f"), tool("g"), tool("f")] }, host), {
        error: {
          _tag: "InvalidRequestError",
          message: "Two tools are named f",
          parameter: "tools[2].function.name"
        }
      })
    }
    assert.isUndefined(ask(toolList, "kimi-k3", { tools: [tool("__proto__"), tool("constructor")] }))
  })

  it("refuses a message that loads more than 128 tools at Moonshot", () => {
    const loads = (count: number) => ({
      messages: [user, loading(...tools(count).map(({ function: { name } }) => name))],
      tools: [tool("g")]
    })
    assert.isUndefined(ask(toolList, "kimi-k3", loads(128)))
    assert.deepInclude(ask(toolList, "kimi-k3", loads(129))?.error, {
      _tag: "UnsupportedParameterError",
      parameter: "messages[1].tools"
    })
  })

  it("refuses a loaded tool with the name of an earlier one at every host", () => {
    const cases: ReadonlyArray<readonly [Members, string]> = [
      [{ tools: [tool("f")], messages: [user, loading("g", "f")] }, "messages[1].tools[1].function.name"],
      [{ messages: [user, loading("f"), user, loading("f")] }, "messages[3].tools[0].function.name"],
      [{ messages: [loading("f", "f"), user] }, "messages[0].tools[1].function.name"]
    ]
    for (const host of ["moonshot", ...elsewhere] as const) {
      for (const [members, parameter] of cases) {
        assert.deepStrictEqual(ask(toolList, "kimi-k3", members, host)?.error, {
          _tag: "InvalidRequestError",
          message: "Two tools are named f",
          parameter
        })
      }
    }
    assert.isUndefined(ask(toolList, "kimi-k3", { tools: [tool("f")], messages: [user, loading("g"), loading("h")] }))
  })

  it("refuses tools of the host while the model thinks", () => {
    const thinks = { k3: true, k27: true, k26: true, k25: true, k2: false, k2Thinking: true, v1: false }
    for (const family of familyNames) {
      for (const model of families[family]) {
        const found = ask(toolList, model, { tools: [tool("f"), search] })
        assert.strictEqual(found !== undefined, thinks[family], model)
        if (found === undefined) continue
        assert.deepStrictEqual(found, {
          error: {
            _tag: "UnsupportedParameterError",
            message: "The host's tool $web_search must not be combined with thinking",
            parameter: "tools",
            allowed: "functions while thinking",
            fix: 'Set thinking to {"type":"disabled"} where the model allows it, or use the official tools as functions.'
          }
        })
      }
    }
    for (const model of [...families.k26, ...families.k25]) {
      assert.isUndefined(ask(toolList, model, { tools: [search], thinking: { type: "disabled" } }))
    }
  })

  it("accepts tools of the host at other hosts", () => {
    for (const host of elsewhere) assert.isUndefined(ask(toolList, "kimi-k3", { tools: [search] }, host), host)
  })

  it("accepts tools of the host with unknown models", () => {
    assert.isUndefined(ask(toolList, "unknown", { tools: [search] }))
  })
})

describe("loadedTools", () => {
  it("refuses tools in a message for the models that cannot load them", () => {
    for (const family of familyNames) {
      for (const model of families[family]) {
        const found = ask(loadedTools, model, { messages: [user, loading("f")] })
        if (family === "k3") assert.isUndefined(found)
        else {
          assert.deepStrictEqual(found?.error, {
            _tag: "UnsupportedParameterError",
            message: `${model} cannot load tools by a message`,
            parameter: "messages[1].tools",
            allowed: "absent",
            fix: "Pass the tools as tools of the request, or use kimi-k3."
          })
        }
      }
    }
    assert.isUndefined(ask(loadedTools, "unknown", { messages: [user, loading("f")] }))
  })

  it("separates tools from content at Moonshot", () => {
    const both: Message = { ...loading("f"), content: "Be brief.", name: "Ada" }
    assert.deepStrictEqual(ask(loadedTools, "kimi-k3", { messages: [both, user] }), {
      error: {
        _tag: "InvalidRequestError",
        message: "A message that loads tools must not have content",
        parameter: "messages[0].content"
      },
      repaired: {
        model: "kimi-k3",
        messages: [{ role: "system", content: "Be brief.", name: "Ada" }, { ...loading("f"), name: "Ada" }, user]
      },
      note: "separated the content of messages[0] from its tools"
    })
  })

  it("accepts tools next to empty content", () => {
    for (const content of ["", [], [{ type: "text", text: "" }]] as const) {
      assert.isUndefined(ask(loadedTools, "kimi-k3", { messages: [user, { ...loading("f"), content }] }))
    }
  })

  it("accepts any message at other hosts", () => {
    for (const host of elsewhere) {
      assert.isUndefined(ask(loadedTools, "kimi-k2.6", { messages: [{ ...loading("f"), content: "x" }] }, host))
    }
  })
})

const calling = (...ids: ReadonlyArray<string>): Message => ({
  role: "assistant",
  reasoning_content: "Hm",
  tool_calls: ids.map((id) => ({ id, type: "function", function: { name: "f", arguments: "{}" } }))
})
const result = (tool_call_id: string): Message => ({ role: "tool", tool_call_id, content: "1" })
const text: Message = { role: "assistant", content: "x" }

const history = (...messages: ReadonlyArray<Message>) => {
  const found = ask(toolHistory, "kimi-k3", { messages })
  assert.notProperty(found ?? {}, "repaired")
  return found?.error
}

describe("toolHistory", () => {
  it("accepts several turns", () => {
    assert.isUndefined(history(user))
    assert.isUndefined(history(user, calling("a_0"), result("a_0"), text, user))
  })

  it("accepts results in any order", () => {
    assert.isUndefined(history(user, calling("a", "b", "c"), result("c"), result("a"), result("b")))
  })

  it("accepts ids that repeat in the next turn", () => {
    assert.isUndefined(history(user, calling("f_0"), result("f_0"), calling("f_0"), result("f_0"), text))
  })

  it("accepts a message without tool calls", () => {
    assert.isUndefined(history({ role: "assistant", content: "x", tool_calls: [] }, user))
  })

  it("refuses a call without a result before the next message", () => {
    for (const next of [user, text, calling("b"), { role: "system", content: "x" } as const]) {
      assert.deepStrictEqual(history(user, calling("a", "b"), result("a"), next), {
        _tag: "ToolHistoryError",
        message: "1 tool calls have no result before message 3",
        parameter: "messages[3]"
      })
    }
  })

  it("refuses a call without a result at the end", () => {
    assert.deepStrictEqual(history(user, calling("a", "b")), {
      _tag: "ToolHistoryError",
      message: "2 tool calls at the end have no result",
      parameter: "messages[1]"
    })
  })

  it("refuses a result without an unanswered call", () => {
    const unmatched = (index: number) => ({
      _tag: "ToolHistoryError",
      message: `The tool message ${index} has the id of no unanswered tool call`,
      parameter: `messages[${index}]`
    })
    assert.deepStrictEqual(history(result("a")), unmatched(0))
    assert.deepStrictEqual(history(user, calling("a"), result("b")), unmatched(2))
    assert.deepStrictEqual(history(user, calling("a"), result("a"), result("a")), unmatched(3))
    assert.deepStrictEqual(history(user, calling("a"), result("a"), calling("b"), result("a")), unmatched(4))
  })

  it("refuses two calls of one turn with the same id", () => {
    assert.deepStrictEqual(history(user, calling("a", "a"), result("a"), result("a")), {
      _tag: "ToolHistoryError",
      message: "Two tool calls of message 1 have the same id",
      parameter: "messages[1]"
    })
  })

  it("applies at every host to every model", () => {
    for (const host of ["moonshot", ...elsewhere] as const) {
      for (const model of ["kimi-k3", "unknown"]) {
        assert.isDefined(ask(toolHistory, model, { messages: [user, calling("a")] }, host))
        assert.isUndefined(ask(toolHistory, model, { messages: [user, calling("a"), result("a")] }, host))
      }
    }
  })

  const Turn = Schema.Array(Schema.Literals(["a", "b", "c", "__proto__", ""]))

  it.prop("accepts every history in which each call has one result", { turns: Schema.Array(Turn) }, ({ turns }) => {
    const messages: Array<Message> = [user]
    for (const turn of turns) {
      const ids = [...new Set(turn)]
      messages.push(calling(...ids), ...ids.toReversed().map(result), text)
    }
    const members: Members = { messages }
    assert.isUndefined(ask(toolHistory, "kimi-k3", members))
  })
})
