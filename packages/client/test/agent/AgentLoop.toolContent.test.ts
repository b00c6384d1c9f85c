import { assert, describe, it } from "@effect/vitest"
import * as AgentLoop from "@kimi-effect/client/agent/AgentLoop"
import * as ToolSet from "@kimi-effect/client/agent/ToolSet"
import { Reply } from "@kimi-effect/testing"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Prompt from "effect/ai/Prompt"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import { at, calls, makeTools, settled, toolTexts } from "./support/agent.ts"

describe("a tool call that the output limit cut off", () => {
  for (const name of ["run", "stream"] as const) {
    it.effect(`does not run with empty arguments (${name})`, () =>
      Effect.gen(function* () {
        const { log, tools } = yield* makeTools
        const options = { prompt: "Go", tools, onToolError: "return" as const }
        yield* settled(name === "run" ? AgentLoop.run(options) : Stream.runDrain(AgentLoop.stream(options)))
        assert.deepStrictEqual(log, [])
      }).pipe(at([Reply.toolCalls([{ name: "fail", arguments: "" }], { finishReason: "length" }), "Done"]))
    )
  }
})

describe("a tool call without arguments before one that the output limit cut off", () => {
  it.effect("runs", () =>
    Effect.gen(function* () {
      const { log, tools } = yield* makeTools
      yield* settled(AgentLoop.run({ prompt: "Go", tools }))
      assert.deepStrictEqual(log, ["refuse"])
    }).pipe(
      at([
        Reply.toolCalls(
          [
            { name: "refuse", arguments: "" },
            { name: "fail", arguments: "" }
          ],
          { finishReason: "length" }
        ),
        "Done"
      ])
    )
  )
})

describe("a tool call without arguments in a complete response", () => {
  it.effect("runs", () =>
    Effect.gen(function* () {
      const { log, tools } = yield* makeTools
      yield* settled(AgentLoop.run({ prompt: "Go", tools }))
      assert.deepStrictEqual(log, ["refuse"])
    }).pipe(at([Reply.toolCalls([{ name: "refuse", arguments: "" }]), "Done"]))
  )
})

describe("the output of a tool in parts", () => {
  it.effect("is sent without its empty texts, which the host refuses", () =>
    Effect.gen(function* () {
      const Shot = Tool.make("shot", {
        success: Schema.String,
        toModelOutput: () => [
          Prompt.textPart({ text: "" }),
          Prompt.filePart({ mediaType: "image/png", data: "iVBORw0KGgo=" })
        ]
      })
      const kit = Toolkit.make(Shot)
      const tools = yield* Effect.provide(ToolSet.make(kit), kit.toLayer({ shot: () => Effect.succeed("x") }))
      const { outcome } = yield* settled(AgentLoop.run({ prompt: "Go", tools }))
      assert.strictEqual(outcome._tag, "Finished")
    }).pipe(at([calls(["shot", {}]), "Done"]))
  )

  it.effect("refers to files at the host by their ids", () =>
    Effect.gen(function* () {
      const Shot = Tool.make("shot", {
        success: Schema.String,
        toModelOutput: () => [Prompt.filePart({ mediaType: "image/png", data: "ms://file-1" })]
      })
      const kit = Toolkit.make(Shot)
      const tools = yield* Effect.provide(ToolSet.make(kit), kit.toLayer({ shot: () => Effect.succeed("x") }))
      const { messages } = yield* settled(AgentLoop.run({ prompt: "Go", tools }))
      const found = messages.find(({ role }) => role === "tool")
      assert.deepStrictEqual<unknown>(found?.content, [{ type: "image_url", image_url: { url: "ms://file-1" } }])
    }).pipe(at([calls(["shot", {}]), "Done"]))
  )
})

describe("an encrypted result of the host", () => {
  it.effect("is never truncated, as a part of it is of no use", () =>
    Effect.gen(function* () {
      const { tools } = yield* makeTools
      const content = `----MOONSHOT ENCRYPTED BEGIN----${"x".repeat(500)}----MOONSHOT ENCRYPTED END----`
      const result = { tool: "note", callId: "1", content, encoded: content, result: content, isFailure: false }
      const encrypted = { ...tools, run: () => Effect.succeed(result) }
      const { messages } = yield* AgentLoop.run({ prompt: "Go", tools: encrypted, maxResultBytes: 100 })
      assert.deepStrictEqual(toolTexts(messages), [content])
    }).pipe(at([calls(["note", { text: "a" }]), "Done"]))
  )
})
