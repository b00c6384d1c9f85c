import { assert, describe, it } from "@effect/vitest"
import { MockProvider } from "@kimi-effect/testing"
import * as Kimi from "../../src/promise/Kimi.ts"

describe("the status of Kimi.streamResponse", () => {
  it.each([
    ["that of the error", undefined, 400],
    ["the given one", () => 422, 422]
  ] as const)("is %s when the call fails before its first event", async (_, status, expected) => {
    await using kimi = Kimi.fromLayer(MockProvider.layerClient({ script: [] }))
    const response = await kimi.streamResponse({ messages: [] }, { status })
    assert.strictEqual(response.status, expected)
  })
})
