import { assert, describe, it } from "@effect/vitest"
import { ChatResponse } from "@kimi-effect/core/ChatResponse"
import * as Schema from "effect/Schema"
import { fromCompletion } from "../../src/internal/decodeCompletion.ts"
import type { MarkupPolicy } from "../../src/internal/MarkupPolicy.ts"
import { head } from "./support/completions.ts"
import { fields } from "./support/errors.ts"
import { chunk, decodeData, settle } from "./support/sse.ts"

const callOf = (args: string, id = "functions.get_weather:0"): string =>
  `<|tool_call_begin|>${id}<|tool_call_argument_begin|>${args}<|tool_call_end|>`
const sectionOf = (...calls: ReadonlyArray<string>): string =>
  `<|tool_calls_section_begin|>${calls.join("")}<|tool_calls_section_end|>`

const oslo = '{"city":"Oslo"}'
const section = sectionOf(callOf(oslo))
const osloCall = {
  id: "functions.get_weather:0",
  type: "function",
  function: { name: "get_weather", arguments: oslo }
}

const atMoonshot: MarkupPolicy = { mode: "parse", isStrict: true }
const elsewhere: MarkupPolicy = { mode: "parse", isStrict: false }
const both = [atMoonshot, elsewhere]

interface Message {
  readonly content?: string
  readonly reasoning_content?: string
}

type Result = ChatResponse | Record<string, unknown>

const plainly = (message: Message, markup: MarkupPolicy, finish_reason = "stop"): Result => {
  const choices = [{ index: 0, message, finish_reason }]
  const response = fromCompletion(
    { id: "chatcmpl-1", created: 1, model: "kimi-k3", choices },
    head,
    "kimi-k3",
    undefined,
    {
      markup
    }
  )
  return "_tag" in response ? fields(response) : response
}

/** The same message as a stream with deltas of so many characters. */
const streamed = (message: Message, markup: MarkupPolicy, size = 3, finish_reason = "stop"): Result => {
  const deltas = (["reasoning_content", "content"] as const).flatMap(
    (name) =>
      (message[name] ?? "").match(new RegExp(`[^]{1,${size}}`, "g"))?.map((text) => chunk({ [name]: text })) ?? []
  )
  return settle(
    decodeData([...deltas, chunk({}, finish_reason), "[DONE]"], {
      isMoonshot: markup.isStrict,
      bounds: { markup: markup.mode },
      headers: { "msh-request-id": "r-1", "x-msh-trace-id": "t-1" }
    })
  )
}

/** The result of both ways to receive a message, which have to agree. */
const readBoth = (message: Message, markup: MarkupPolicy, finishReason = "stop"): Result => {
  const result = plainly(message, markup, finishReason)
  for (const size of [1, 2, 3, 7, 10_000]) assert.deepStrictEqual(streamed(message, markup, size, finishReason), result)
  return result
}

const responseOf = (result: Result): ChatResponse =>
  result instanceof ChatResponse ? result : assert.fail(JSON.stringify(result))

describe("markup of tool calls", () => {
  it("is read as calls at the end of the text, at every host", () => {
    for (const markup of both) {
      for (const text of [section, section.replaceAll("tool_calls_section", "tool_call_section"), callOf(oslo)]) {
        const response = responseOf(readBoth({ content: `I look it up.${text}` }, markup))
        assert.deepStrictEqual(response.toolCalls, [osloCall])
        assert.deepInclude(response, { text: "I look it up.", finishReason: "tool_calls" })
        assert.deepStrictEqual(response.warnings, ["tool_calls: calls were read from markup"])
      }
    }
  })

  it("is read with several calls among blanks", () => {
    const text = `\n${sectionOf("\n ", callOf(` ${oslo}\n`), " ", callOf("{}", "get_time"))}\n`
    for (const markup of both) {
      const { toolCalls } = responseOf(readBoth({ content: text }, markup))
      assert.deepStrictEqual(
        toolCalls.map((call) => [call.function.name, call.function.arguments]),
        [
          ["get_weather", oslo],
          ["get_time", "{}"]
        ]
      )
    }
  })

  it("is read from the reasoning where there is no answer", () => {
    for (const markup of both) {
      const response = responseOf(readBoth({ content: "", reasoning_content: `I look it up.${section}` }, markup))
      assert.deepInclude(response, { reasoning: "I look it up.", text: "" })
      assert.deepStrictEqual(response.toolCalls, [osloCall])
    }
  })

  it("stays in the reasoning when there is text", () => {
    for (const markup of both) {
      const response = responseOf(readBoth({ content: "Hi", reasoning_content: `Or ${section}` }, markup))
      assert.deepInclude(response, { reasoning: `Or ${section}`, text: "Hi" })
      assert.deepStrictEqual(response.toolCalls, [])
    }
  })

  it("is not an empty response where it cannot be read in the reasoning", () => {
    for (const markup of both) {
      for (const reasoning of [`Hm${section.slice(0, -60)}`, `${section} and more`]) {
        const message = { content: "", reasoning_content: reasoning }
        const partial = { content: "", reasoning_content: reasoning, tool_calls: [] }
        assert.deepInclude(readBoth(message, markup), { _tag: "MalformedOutputError", reason: "markup", partial })
      }
    }
  })

  it("fails with the whole text where it cannot be read, except at Moonshot", () => {
    for (const text of [
      section.slice(0, -60),
      section.replace("}", ""),
      section.replace("functions.get_weather:0", ""),
      section.replace("<|tool_call_argument_begin|>", ""),
      "<|tool_calls_section_begin|>"
    ]) {
      const content = `I look it up.${text}`
      const partial = { content, reasoning_content: "", tool_calls: [] }
      assert.deepInclude(readBoth({ content }, elsewhere), { _tag: "MalformedOutputError", reason: "markup", partial })
      assert.strictEqual(responseOf(readBoth({ content }, atMoonshot)).text, content)
    }
  })

  it("is text where it is only mentioned", () => {
    for (const content of [
      "The token <|tool_calls_section_begin|> begins a section.",
      `Write \`${section}\` to call.`,
      `An example:\n\`\`\`\n${section}\n\`\`\`\nThat is all.`,
      `An example:\n\`\`\`\n${section}\n\`\`\``,
      "a < b, <| and <|tool",
      "<"
    ]) {
      for (const markup of both) assert.strictEqual(responseOf(readBoth({ content }, markup)).text, content)
    }
    const quoted = `${section} is how Kimi calls a tool.`
    const response = responseOf(readBoth({ content: quoted }, atMoonshot))
    assert.deepInclude(response, { text: quoted, finishReason: "stop" })
    assert.deepStrictEqual(response.toolCalls, [])
  })

  it("is read once where the host sent the same call", () => {
    const call = { index: 0, id: "a", function: { name: "get_weather", arguments: oslo } }
    const response = settle(
      decodeData([chunk({ content: section }), chunk({ tool_calls: [call] }), chunk({}, "tool_calls"), "[DONE]"])
    )
    assert.deepStrictEqual(
      responseOf(response).toolCalls.map(({ id }) => id),
      ["a"]
    )
  })
})

describe("markup of reasoning", () => {
  it("is read as reasoning at the beginning of the text", () => {
    for (const markup of both) {
      for (const content of [
        "<think>Hm</think>Hi",
        " <think>Hm</think>\n\nHi",
        "\u25c1think\u25b7Hm\u25c1/think\u25b7Hi"
      ]) {
        const response = responseOf(readBoth({ content }, markup))
        assert.deepInclude(response, { reasoning: "Hm" })
        assert.strictEqual(response.text.trim(), "Hi")
      }
    }
  })

  it("is read before tool calls", () => {
    const response = responseOf(readBoth({ content: `<think>Hm</think>${section}` }, elsewhere))
    assert.strictEqual(response.reasoning, "Hm")
    assert.deepStrictEqual(response.toolCalls, [osloCall])
  })

  it("is text in the middle", () => {
    for (const markup of both) {
      assert.strictEqual(
        responseOf(readBoth({ content: "Use <think>x</think>." }, markup)).text,
        "Use <think>x</think>."
      )
    }
  })

  it("is text at Moonshot where nothing follows", () => {
    for (const content of ["<think>Hm</think>", "<think>Hm"]) {
      assert.strictEqual(responseOf(readBoth({ content }, atMoonshot)).text, content)
    }
  })

  const unended = { content: "<think>Hm" }
  const thought = { content: "", reasoning_content: "Hm", tool_calls: [] }

  it("fails where it does not end", () => {
    assert.deepInclude(readBoth(unended, elsewhere), { _tag: "MalformedOutputError", partial: thought })
  })

  it("exhausts the output where it does not end at the limit", () => {
    const expected = { _tag: "ReasoningBudgetExhaustedError", partial: thought }
    assert.deepInclude(readBoth(unended, elsewhere, "length"), expected)
  })

  it("separates the reasoning from the text that follows it", () => {
    const response = responseOf(readBoth({ content: "", reasoning_content: "<think>Hm</think>\nHi" }, elsewhere))
    assert.deepInclude(response, { reasoning: "Hm", text: "Hi" })
  })

  const withoutBeginning = "Hm\n</think>\n\nHi"

  it("is read without its beginning in a whole response", () => {
    assert.deepInclude(plainly({ content: withoutBeginning }, elsewhere), { reasoning: "Hm\n", text: "Hi" })
  })

  it("fails a stream without its beginning", () => {
    assert.deepInclude(streamed({ content: withoutBeginning }, elsewhere), {
      _tag: "MalformedOutputError",
      partial: { content: withoutBeginning, reasoning_content: "", tool_calls: [] }
    })
  })

  it("is text at Moonshot without its beginning", () => {
    assert.strictEqual(responseOf(readBoth({ content: withoutBeginning }, atMoonshot)).text, withoutBeginning)
  })
})

describe("the policy for markup", () => {
  it("can keep everything as text", () => {
    for (const content of [section, "<think>Hm</think>Hi", "<think>"]) {
      assert.strictEqual(responseOf(readBoth({ content }, { ...elsewhere, mode: "keep" })).text, content)
    }
  })

  it("can fail with the text", () => {
    for (const content of [`Hi${section}`, "<think>Hm</think>Hi"]) {
      const partial = { content, reasoning_content: "", tool_calls: [] }
      const failed = readBoth({ content }, { ...elsewhere, mode: "fail" })
      assert.deepInclude(failed, { _tag: "MalformedOutputError", partial })
    }
  })
})

const Piece = Schema.Literals([
  "Hi ",
  "\n",
  "`",
  "```",
  "<",
  "<|",
  "<think>",
  "</think>",
  "<|tool_calls_section_begin|>",
  callOf(oslo),
  "<|tool_call_begin|>",
  "<|tool_call_end|>",
  "<|tool_calls_section_end|>",
  section
])

describe("any text with markup", () => {
  it.prop(
    "is the same in a stream at Moonshot",
    { pieces: Schema.Array(Piece), thoughts: Schema.Array(Piece), size: Schema.Literals([1, 4, 13]) },
    ({ pieces, size, thoughts }) => {
      const message = { content: `x${pieces.join("")}`, reasoning_content: thoughts.join("") }
      assert.deepStrictEqual(streamed(message, atMoonshot, size), plainly(message, atMoonshot))
    },
    { arbitrary: { seed: "markup", runs: 400 } }
  )

  it.prop(
    "loses nothing at Moonshot except what was read",
    { pieces: Schema.Array(Piece), thoughts: Schema.Array(Piece) },
    ({ pieces, thoughts }) => {
      const message = { content: `x${pieces.join("")}`, reasoning_content: thoughts.join("") }
      const response = responseOf(plainly(message, atMoonshot))
      assert.strictEqual(response.reasoning, message.reasoning_content)
      if (response.toolCalls.length === 0) assert.strictEqual(response.text, message.content)
      else assert.isTrue(message.content.startsWith(response.text))
    },
    { arbitrary: { seed: "markup", runs: 400 } }
  )
})
