import { assert, describe, it } from "@effect/vitest"
import { listOf } from "../../src/internal/choiceList.ts"
import { chunk, decodeData } from "./support/sse.ts"

const choice = { index: 0, delta: { content: "Hi" } }

describe("listOf", () => {
  it("takes an only choice, or an object of positions, for the list", () => {
    for (const value of [[choice], choice, { 0: choice }]) assert.deepStrictEqual(listOf(value), [choice])
  })

  it("takes an object with other names for no list", () => {
    for (const value of [{ 1: choice }, { 0: choice, 2: choice }, { text: "Hi" }, {}, "", null]) {
      assert.isUndefined(listOf(value), JSON.stringify(value))
    }
  })
})

describe("a stream whose choices are in another form than a list", () => {
  const usage = { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 }
  const forms = [(one: object) => one, (one: object) => ({ 0: one })]

  const textOf = (data: ReadonlyArray<object>) => {
    const { events, failure } = decodeData([...data, "[DONE]"])
    assert.isUndefined(failure)
    return events.map((event) => (event._tag === "TextDelta" ? event.text : "")).join("")
  }

  it("is read to its finish reason without a delta", () => {
    for (const form of forms) {
      assert.strictEqual(
        textOf([{ choices: form(choice) }, { choices: form({ index: 0, finish_reason: "stop" }) }]),
        "Hi"
      )
    }
  })

  it("is read from a whole response", () => {
    for (const form of forms) {
      assert.strictEqual(textOf([{ choices: form({ message: { content: "Hi" }, finish_reason: "stop" }) }]), "Hi")
    }
  })

  it("has the usage of a last event whose choices are an empty value", () => {
    for (const choices of [{}, "", false]) {
      const { events, failure } = decodeData([
        chunk({ content: "Hi" }),
        chunk({}, "stop"),
        { choices, usage },
        "[DONE]"
      ])
      assert.isUndefined(failure)
      assert.deepInclude(
        events.find(({ _tag }) => _tag === "Usage"),
        { usage: { ...usage, cached_tokens: 0, cache_write_tokens: 0, reasoning_tokens: 0 } }
      )
    }
  })
})
