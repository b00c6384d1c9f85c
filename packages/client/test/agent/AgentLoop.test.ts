import { assert, describe, it } from "@effect/vitest"
import { MockProvider } from "@kimi-effect/testing"
import * as Effect from "effect/Effect"
import { assertAccepted, at, calls, runWith, toolTexts } from "./support/agent.ts"

describe("AgentLoop.run", () => {
  it.effect("returns the text of a model that calls no tool", () =>
    Effect.gen(function* () {
      const { result } = yield* runWith()
      assert.deepStrictEqual(result.outcome, { _tag: "Finished", finishReason: "stop" })
      assert.deepStrictEqual([result.text, result.steps, result.toolCalls], ["Hello!", 1, 0])
    }).pipe(at(["Hello!"]))
  )

  it.effect("sends the results of the calls of each turn back in their order", () =>
    Effect.gen(function* () {
      const { log, result } = yield* runWith()
      assert.deepStrictEqual(log, ["note a", "note b", "note c"])
      assert.deepStrictEqual(result.text, "Done")
      assert.deepStrictEqual(
        result.messages.map(({ role }) => role),
        ["user", "assistant", "tool", "tool", "assistant", "tool", "assistant"]
      )
      assert.deepStrictEqual(toolTexts(result.messages), ["a", "b", "c"])
      assertAccepted(result.messages)
    }).pipe(at([calls(["note", { text: "a" }], ["note", { text: "b" }]), calls(["note", { text: "c" }]), "Done"]))
  )

  it.effect("sends the reasoning of every turn back", () =>
    Effect.gen(function* () {
      yield* runWith()
      const mock = yield* MockProvider.MockProvider
      const [, second] = yield* mock.requests
      assert.deepStrictEqual(
        second?.request.messages.map((message) => "reasoning_content" in message && message.reasoning_content),
        [false, "Let me use a tool.", false]
      )
    }).pipe(at([calls(["note", { text: "a" }]), "Done"]))
  )
})
