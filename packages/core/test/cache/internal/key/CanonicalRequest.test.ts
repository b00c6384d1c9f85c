import { assert, describe, it } from "@effect/vitest"
import * as CanonicalRequest from "../../../../src/cache/internal/key/CanonicalRequest.ts"
import type { ModelRequest } from "../../../../src/models/ChatRequest.ts"

const messages = [{ role: "user", content: "Hi" }]
const start = `{"messages":[{"content":"Hi","role":"user"}]`

/** The text after the messages. Requests come from outside, and may have members that the types do not have. */
const membersOf = (members: object, model = "kimi-k2.6", provider = "moonshot"): string => {
  const text = CanonicalRequest.serialize(provider, { model, messages, ...members } as ModelRequest)
  assert.isTrue(text.includes(start.slice(1)), text)
  return text
    .replace(`${start.slice(1)}`, "")
    .replace(",,", ",")
    .replaceAll(/^\{,?|,?\}$/g, "")
}

const messageOf = (message: object): string => {
  const text = CanonicalRequest.serialize("moonshot", { model: "kimi-k2.6", messages: [message] } as ModelRequest)
  return text.slice(`{"messages":[`.length, -`]}`.length)
}

const tool = (strict?: boolean) => ({
  type: "function",
  function: { name: "look", ...(strict === undefined ? {} : { strict }) }
})

describe("the canonical text of a request", () => {
  it("has only the messages of a request without options", () => {
    assert.strictEqual(
      CanonicalRequest.serialize("moonshot", { model: "kimi-k3", messages } as ModelRequest),
      `${start}}`
    )
  })

  it("has the members in alphabetical order", () => {
    assert.strictEqual(
      CanonicalRequest.serialize("moonshot", {
        model: "m",
        top_p: 0.1,
        messages,
        n: 2,
        seed: 5
      } as unknown as ModelRequest),
      `${start},"n":2,"seed":5,"top_p":0.1}`
    )
  })

  it.each([
    [{ n: 1 }, ""],
    [{ n: 2 }, '"n":2'],
    [{ presence_penalty: 0, frequency_penalty: 0, logprobs: false }, ""],
    [{ presence_penalty: 1 }, '"presence_penalty":1'],
    [{ frequency_penalty: 1 }, '"frequency_penalty":1'],
    [{ logprobs: true }, '"logprobs":true'],
    [{ stop: "end" }, '"stop":["end"]'],
    [{ stop: ["end"] }, '"stop":["end"]'],
    [{ stream: true, stream_options: {}, prompt_cache_key: "a", safety_identifier: "b" }, ""],
    [{ response_format: { type: "text" } }, ""],
    [{ response_format: { type: "json_object" } }, '"response_format":{"type":"json_object"}'],
    [{ response_format: { type: "text", more: 1 } }, '"response_format":{"more":1,"type":"text"}'],
    [{ response_format: "text" }, '"response_format":"text"'],
    [{ seed: undefined }, ""]
  ])("of %j is %s", (members, text) => {
    assert.strictEqual(membersOf(members), text)
  })

  it.each([
    [{ temperature: 1 }, "kimi-k2.6", ""],
    [{ temperature: 0.6 }, "kimi-k2.6", '"temperature":0.6'],
    [{ temperature: 0.6, thinking: { type: "disabled" } }, "kimi-k2.6", '"thinking":{"type":"disabled"}'],
    [{ temperature: 1, thinking: { type: "disabled" } }, "kimi-k2.6", '"temperature":1,"thinking":{"type":"disabled"}'],
    [{ temperature: 1, thinking: { type: "disabled" } }, "kimi-k3", '"thinking":{"type":"disabled"}'],
    [{ temperature: 0.6 }, "kimi-k3", '"temperature":0.6'],
    [{ temperature: 1 }, "strange", '"temperature":1'],
    [{ temperature: 1 }, "kimi-k2-0905-preview", '"temperature":1'],
    [{ top_p: 0.95 }, "kimi-k2.6", ""],
    [{ top_p: 0.9 }, "kimi-k2.6", '"top_p":0.9'],
    [{ top_p: 0.95 }, "kimi-k2-0905-preview", '"top_p":0.95'],
    [{ thinking: { type: "enabled" } }, "kimi-k2.6", ""],
    [{ thinking: { type: "enabled" } }, "kimi-k2-thinking", ""],
    [{ thinking: { type: "enabled" } }, "kimi-k3", '"thinking":{"type":"enabled"}'],
    [{ thinking: { type: "enabled" } }, "strange", '"thinking":{"type":"enabled"}'],
    [{ thinking: { type: "enabled", keep: null } }, "kimi-k2.6", ""],
    [{ thinking: { type: "enabled", keep: "all" } }, "kimi-k2.6", '"thinking":{"keep":"all","type":"enabled"}'],
    [{ reasoning_effort: "max" }, "kimi-k3", ""],
    [{ reasoning_effort: "low" }, "kimi-k3", '"reasoning_effort":"low"'],
    [{ reasoning_effort: "max" }, "kimi-k2.6", '"reasoning_effort":"max"'],
    [{ reasoning_effort: "max" }, "strange", '"reasoning_effort":"max"'],
    [{ max_completion_tokens: 32_768 }, "kimi-k2.6", ""],
    [{ max_tokens: 32_768 }, "kimi-k2.6", ""],
    [{ max_tokens: 5, max_completion_tokens: 9 }, "kimi-k2.6", '"max_completion_tokens":9'],
    [{ max_tokens: 5 }, "kimi-k2.6", '"max_completion_tokens":5']
  ])("of %j for %s is %s", (members, model, text) => {
    assert.strictEqual(membersOf(members, model), text)
  })

  it("has the options of a model at a host with unknown defaults", () => {
    assert.strictEqual(
      membersOf(
        { temperature: 1, max_completion_tokens: 32_768, thinking: { type: "enabled" } },
        "kimi-k2.6",
        "together"
      ),
      '"max_completion_tokens":32768,"temperature":1,"thinking":{"type":"enabled"}'
    )
  })

  it.each([
    ["moonshot", tool(true), tool()],
    ["moonshot-cn", tool(true), tool()],
    ["moonshot", tool(false), tool(false)],
    ["together", tool(true), tool(true)]
  ])("at %s has the strictness of tools that is no default", (provider, given, expected) => {
    assert.strictEqual(
      membersOf({ tools: [given] }, "kimi-k2.6", provider),
      `"tools":[${JSON.stringify({ function: expected.function, type: "function" })}]`
    )
  })

  it.each([
    [{ type: "builtin_function" }, '{"type":"builtin_function"}'],
    ["look", '"look"'],
    [{ type: "function", function: "look" }, '{"function":"look","type":"function"}']
  ])("has the tool %j as it is", (given, text) => {
    assert.strictEqual(membersOf({ tools: [given] }), `"tools":[${text}]`)
  })

  it("has the strictness of a schema that is no default", () => {
    const format = (strict: boolean) => ({
      response_format: { type: "json_schema", json_schema: { name: "a", strict } }
    })
    assert.deepStrictEqual(
      [membersOf(format(true)), membersOf(format(false)), membersOf(format(true), "kimi-k2.6", "together")],
      [
        '"response_format":{"json_schema":{"name":"a"},"type":"json_schema"}',
        '"response_format":{"json_schema":{"name":"a","strict":false},"type":"json_schema"}',
        '"response_format":{"json_schema":{"name":"a","strict":true},"type":"json_schema"}'
      ]
    )
  })

  it.each(["moonshot", "together"])("at %s has no automatic choice of tools, unless there are none", (provider) => {
    const tools = `"tools":[{"function":{"name":"look"},"type":"function"}]`
    const of = (members: object) => membersOf(members, "kimi-k2.6", provider)
    assert.deepStrictEqual(
      [
        of({ tools: [tool()], tool_choice: "auto" }),
        of({ tools: [tool()], tool_choice: "none" }),
        of({ tools: [], tool_choice: "auto" }),
        of({ tool_choice: "auto" })
      ],
      [tools, `"tool_choice":"none",${tools}`, '"tool_choice":"auto","tools":[]', '"tool_choice":"auto"']
    )
  })

  it.each([
    [{ seed: 5 }, '"seed":5'],
    [{ n: 1 }, ""],
    [{ model: "other", messages: [] }, ""],
    [{ stream: true }, ""],
    [{ thinking: { type: "enabled" } }, 'extra_body "thinking":{"type":"enabled"}'],
    [{ max_tokens: 5 }, 'extra_body "max_tokens":5'],
    [{ max_completion_tokens: 5 }, 'extra_body "max_completion_tokens":5'],
    [{ reasoning_effort: "low" }, 'extra_body "reasoning_effort":"low"'],
    [{ reasoning_effort: undefined }, ""],
    [{ top_p: undefined }, ""]
  ])("of further members %j is %s", (extra, text) => {
    assert.strictEqual(membersOf({ extra_body: extra }), text)
  })

  it("has a member of the request rather than its namesake", () => {
    assert.strictEqual(membersOf({ seed: 5, extra_body: { seed: 6 } }), '"seed":5')
  })

  it("has no further member whose namesake is left out", () => {
    assert.strictEqual(membersOf({ n: 1, extra_body: { n: 6 } }), "")
  })

  const image = { type: "image_url", image_url: { url: "a" } }
  const call = (text: unknown) => ({ id: "1", type: "function", function: { name: "look", arguments: text } })
  const calledWith = (text: string) =>
    `"tool_calls":[{"function":{"arguments":${text},"name":"look"},"id":"1","type":"function"}]`

  it.each([
    [{ role: "user", content: "Hi" }, '{"content":"Hi","role":"user"}'],
    [{ role: "user", content: "Hi", name: "a" }, '{"content":"Hi","name":"a","role":"user"}'],
    [{ role: "user", content: "Hi", partial: false }, '{"content":"Hi","role":"user"}'],
    [{ role: "assistant", content: "Hi", partial: true }, '{"content":"Hi","partial":true,"role":"assistant"}'],
    [{ role: "user", content: [{ type: "text", text: "Hi" }] }, '{"content":"Hi","role":"user"}'],
    [{ role: "user", content: [] }, '{"content":[],"role":"user"}'],
    [{ role: "user", content: ["Hi"] }, '{"content":["Hi"],"role":"user"}'],
    [{ role: "user", content: [null] }, '{"content":[null],"role":"user"}'],
    [
      { role: "user", content: [{ type: "text", text: "Hi", more: 1 }] },
      '{"content":[{"more":1,"text":"Hi","type":"text"}],"role":"user"}'
    ],
    [{ role: "user", content: [{ type: "text", text: 5 }] }, '{"content":[{"text":5,"type":"text"}],"role":"user"}'],
    [
      { role: "user", content: [{ type: "thought", text: "Hi" }] },
      '{"content":[{"text":"Hi","type":"thought"}],"role":"user"}'
    ],
    [
      {
        role: "user",
        content: [
          { type: "text", text: "Hi" },
          { type: "text", text: "ho" }
        ]
      },
      '{"content":[{"text":"Hi","type":"text"},{"text":"ho","type":"text"}],"role":"user"}'
    ],
    [{ role: "user", content: [image] }, '{"content":[{"image_url":{"url":"a"},"type":"image_url"}],"role":"user"}'],
    [
      { role: "user", content: [{ type: "image_url", image_url: "a" }] },
      '{"content":[{"image_url":{"url":"a"},"type":"image_url"}],"role":"user"}'
    ],
    [
      { role: "user", content: [{ type: "video_url", video_url: "a" }] },
      '{"content":[{"type":"video_url","video_url":{"url":"a"}}],"role":"user"}'
    ],
    [{ role: "assistant", content: null }, '{"role":"assistant"}'],
    [{ role: "assistant", content: "" }, '{"content":"","role":"assistant"}'],
    [{ role: "assistant", content: "", partial: true }, '{"content":"","partial":true,"role":"assistant"}'],
    [{ role: "assistant", content: "", tool_calls: [call("{}")] }, `{"role":"assistant",${calledWith("{}")}}`],
    [
      { role: "assistant", content: [{ type: "text", text: "" }], tool_calls: [call("{}")] },
      `{"role":"assistant",${calledWith("{}")}}`
    ],
    [
      { role: "assistant", content: [{ type: "text", text: "" }, image], tool_calls: [call("{}")] },
      `{"content":[{"text":"","type":"text"},{"image_url":{"url":"a"},"type":"image_url"}],"role":"assistant",${calledWith("{}")}}`
    ],
    [
      { role: "assistant", content: "Hm", tool_calls: [call("{}")] },
      `{"content":"Hm","role":"assistant",${calledWith("{}")}}`
    ],
    [
      { role: "assistant", content: ["", null], tool_calls: [call("{}")] },
      `{"content":["",null],"role":"assistant",${calledWith("{}")}}`
    ],
    [{ role: "tool", content: "", tool_calls: [] }, '{"content":"","role":"tool","tool_calls":[]}'],
    [
      { role: "assistant", tool_calls: [call('{ "b": 1, "a": 2 }')] },
      `{"role":"assistant",${calledWith('{"a":2,"b":1}')}}`
    ],
    [{ role: "assistant", tool_calls: [call({ b: 1, a: 2 })] }, `{"role":"assistant",${calledWith('{"a":2,"b":1}')}}`],
    [{ role: "assistant", tool_calls: [call(5)] }, `{"role":"assistant",${calledWith("5")}}`],
    [{ role: "assistant", tool_calls: "all" }, '{"role":"assistant","tool_calls":"all"}'],
    [{ role: "assistant", tool_calls: ["look"] }, '{"role":"assistant","tool_calls":["look"]}']
  ])("of the message %j is %s", (message, text) => {
    assert.strictEqual(messageOf(message), text)
  })
})
