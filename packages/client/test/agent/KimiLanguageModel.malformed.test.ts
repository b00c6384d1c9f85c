import { assert, describe, it } from "@effect/vitest"
import { MockProvider, Reply, type Script } from "@kimi-effect/testing"
import * as Effect from "effect/Effect"
import * as LanguageModel from "effect/ai/LanguageModel"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Layer from "effect/Layer"
import * as Random from "effect/Random"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { runs, seedOf } from "../../../../test/support/depth.ts"
import * as AiErrors from "../../src/agent/AiErrors.ts"
import * as KimiLanguageModel from "../../src/agent/KimiLanguageModel.ts"
import { isValid, malformed, parameters } from "./support/malformedArguments.ts"

const count = runs({ deep: 50_000, sample: 500 })

const kit = Toolkit.make(Tool.make("open", { parameters, success: Schema.Void, failureMode: "return" }))

/** Calls the tool with the next text. */
const scriptOf =
  (next: () => string): Script.Script =>
  () =>
    Effect.sync(() => Reply.toolCalls([{ name: "open", arguments: next() }]))

describe.each(["generateText", "streamText"] as const)("malformed arguments in %s", (method) => {
  it.effect(
    "run no handler",
    () =>
      Effect.suspend(() => {
        let text = ""
        let calls = 0
        const handlers = kit.toLayer({ open: () => Effect.sync(() => void calls++) })
        const options = { prompt: "Go", toolkit: kit }
        const turn =
          method === "generateText"
            ? Effect.map(LanguageModel.generateText(options), ({ toolResults }) => toolResults.length)
            : Effect.map(
                Stream.runCollect(LanguageModel.streamText(options)),
                (parts) => parts.filter(({ type }) => type === "tool-result").length
              )
        return Effect.gen(function* () {
          let expected = 0
          for (let index = 0; index < count; index++) {
            text = yield* malformed
            if (isValid(text)) expected++
            // Each call has one result for the model. Pieces of a stream with several readings fail the stream.
            const results = yield* Effect.catch(turn, (error) => {
              assert.strictEqual(AiErrors.fromAiError(error)?._tag, "MalformedOutputError", text)
              assert.isTrue(method === "streamText" && !isValid(text), text)
              return Effect.succeed(1)
            })
            assert.strictEqual(results, 1, text)
          }
          assert.strictEqual(calls, expected)
          assert.isBelow(expected, count / 2)
          assert.isUndefined(({} as { readonly polluted?: string }).polluted)
          assert.isUndefined((Object as { readonly polluted?: string }).polluted)
        }).pipe(
          Effect.provide(
            Layer.merge(handlers, KimiLanguageModel.layer()).pipe(
              Layer.provide(MockProvider.layerClient({ script: scriptOf(() => text) }))
            )
          )
        )
      }).pipe(Random.withSeed(seedOf(`malformed arguments in ${method}`))),
    600_000
  )
})
