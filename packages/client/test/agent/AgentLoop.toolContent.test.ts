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
import { at, calls, makeTools, settled } from "./support/agent.ts"

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
})
