import { assert, describe, it } from "@effect/vitest"
import { errorResponses } from "../../../src/ErrorResponses.ts"
import { checkHistory } from "../../../src/node/internal/historyCheck.ts"

type Messages = Parameters<typeof checkHistory>[0]

const user = { role: "user", content: "Weather?" } as const
const calls = (...ids: ReadonlyArray<string>): Messages[number] => ({
  role: "assistant",
  content: "",
  tool_calls: ids.map((id) => ({ id, type: "function", function: { name: "get_weather", arguments: "{}" } }))
})
const result = (id: string): Messages[number] => ({ role: "tool", tool_call_id: id, content: "18" })

describe("historyCheck", () => {
  it("accepts results in any order", () => {
    assert.isUndefined(checkHistory([user, calls("a", "b"), result("b"), result("a"), user]))
  })

  it("accepts ids that an earlier turn used", () => {
    assert.isUndefined(checkHistory([user, calls("a"), result("a"), calls("a"), result("a")]))
  })

  const insufficient: Record<string, Messages> = {
    "the history ends before a result": [user, calls("a", "b"), result("a")],
    "another message comes before a result": [user, calls("a"), user, result("a")]
  }
  for (const [name, messages] of Object.entries(insufficient)) {
    it(`rejects calls when ${name}`, () => {
      assert.strictEqual(checkHistory(messages), errorResponses.insufficientToolMessages.message)
    })
  }

  const unknown: Record<string, Messages> = {
    "without a call": [user, result("a")],
    "of another call": [user, calls("a"), result("b")],
    "that is the second of its call": [user, calls("a"), result("a"), result("a")]
  }
  for (const [name, messages] of Object.entries(unknown)) {
    it(`rejects a result ${name}`, () => {
      assert.strictEqual(checkHistory(messages), "tool_call_id  is not found")
    })
  }

  it("rejects an empty message", () => {
    assert.strictEqual(
      checkHistory([user, user, user, { role: "assistant", content: "" }]),
      errorResponses.emptyMessage.message
    )
  })

  it("rejects an empty text part", () => {
    assert.strictEqual(
      checkHistory([{ role: "user", content: [{ type: "text", text: "" }] }]),
      errorResponses.emptyTextPart.message
    )
  })

  it("rejects the URL of an image on the web", () => {
    const image_url = { url: "https://example.com/cat.png" }
    assert.strictEqual(
      checkHistory([{ role: "user", content: [{ type: "image_url", image_url }] }]),
      errorResponses.unsupportedImageUrl.message
    )
  })

  it("accepts an empty result of a tool", () => {
    assert.isUndefined(checkHistory([user, calls("a"), { role: "tool", tool_call_id: "a", content: "" }]))
  })
})
