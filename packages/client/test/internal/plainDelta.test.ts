import { assert, describe, it } from "@effect/vitest"
import { ChatCompletionChunk } from "@kimi-effect/core/ChatCompletionChunk"
import * as Schema from "effect/Schema"
import { embeddedError, isHeartbeat } from "../../src/internal/embeddedError.ts"
import { isPlainDelta } from "../../src/internal/plainDelta.ts"

const plain = {
  id: "chatcmpl-1",
  object: "chat.completion.chunk",
  created: 1,
  model: "kimi-k3",
  choices: [{ index: 0, delta: { content: "hello" }, finish_reason: null }],
  system_fingerprint: "fpv0_1"
}

const withChoice = (members: object) => ({ ...plain, choices: [{ ...plain.choices[0], ...members }] })

const simple: ReadonlyArray<unknown> = [null, undefined, 0, 1.5, Number.NaN, true, "", "a", "ping", "error"]
const composed: ReadonlyArray<unknown> = [[], {}, [{}], { message: "no" }, { content: "a" }, [{ index: 0 }]]
const values = [...simple, ...composed]

type Level = "chunk" | "choice" | "delta"

const members: ReadonlyArray<readonly [Level, string]> = [
  ...["id", "object", "created", "model", "error", "usage", "type", "event", "base_resp", "choices"].map(
    (name) => ["chunk", name] as const
  ),
  ...["index", "finish_reason", "usage", "error", "logprobs", "message", "delta"].map(
    (name) => ["choice", name] as const
  ),
  ...["role", "content", "reasoning_content", "reasoning", "reasoning_details", "tool_calls", "refusal"].map(
    (name) => ["delta", name] as const
  )
]

type Change = readonly [level: Level, name: string, value: unknown]

const changes: ReadonlyArray<Change> = members.flatMap(([level, name]) =>
  values.map((value) => [level, name, value] as const)
)

const changed = (...made: ReadonlyArray<Change>): object => {
  const at = (level: Level) =>
    Object.fromEntries(made.filter((change) => change[0] === level).map(([, name, value]) => [name, value]))
  return { ...withChoice({ delta: { content: "hello", ...at("delta") }, ...at("choice") }), ...at("chunk") }
}

describe("isPlainDelta", () => {
  it("accepts a piece of text", () => {
    assert.isTrue(isPlainDelta(plain))
    assert.isTrue(isPlainDelta(withChoice({ delta: { reasoning_content: "Hm" } })))
  })

  it.each([
    ["a finish reason", withChoice({ finish_reason: "stop" })],
    ["usage in a choice", withChoice({ usage: { prompt_tokens: 1 } })],
    ["usage", { ...plain, usage: { prompt_tokens: 1 } }],
    ["an error", { ...plain, error: { message: "no" } }],
    ["an error in a choice", withChoice({ error: { message: "no" } })],
    ["tool calls", withChoice({ delta: { tool_calls: [] } })],
    ["a refusal", withChoice({ delta: { refusal: "no" } })],
    ["reasoning of another dialect", withChoice({ delta: { reasoning: "Hm" } })],
    ["text of another type", withChoice({ delta: { content: 5 } })],
    ["no choice", { ...plain, choices: [] }],
    ["two choices", { ...plain, choices: [plain.choices[0], plain.choices[0]] }],
    ["choices of another type", { ...plain, choices: { "0": plain.choices[0], length: 1 } }],
    ["an id of another type", { ...plain, id: 5 }],
    ["another kind of object", { ...plain, object: "error" }]
  ])("leaves %s to the schema", (_, json) => {
    assert.isFalse(isPlainDelta(json))
  })

  it("accepts only what the schema accepts unchanged, with no error in it", () => {
    const decode = Schema.decodeUnknownSync(ChatCompletionChunk)
    let accepted = 0
    for (const first of changes) {
      for (const second of changes) {
        const json = changed(first, second)
        if (!isPlainDelta(json)) continue
        accepted += 1
        const { choices, created, id, model } = decode(json)
        assert.deepStrictEqual({ id, created, model }, { id: json.id, created: json.created, model: json.model })
        assert.strictEqual(choices?.[0]?.index, json.choices?.[0]?.index)
        assert.strictEqual(choices?.[0]?.delta?.content, json.choices?.[0]?.delta?.content)
        assert.strictEqual(choices?.[0]?.delta?.reasoning_content, json.choices?.[0]?.delta?.reasoning_content)
        assert.isUndefined(embeddedError(json))
        assert.isFalse(isHeartbeat(json))
      }
    }
    assert.isAbove(accepted, 100)
  })
})
