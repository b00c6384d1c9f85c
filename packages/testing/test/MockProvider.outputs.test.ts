/** What is built on the client gets the replies of a provider. */
import { assert, describe, it } from "@effect/vitest"
import * as KimiLanguageModel from "@kimi-effect/client/agent/KimiLanguageModel"
import * as StructuredOutput from "@kimi-effect/client/agent/StructuredOutput"
import * as KimiClient from "@kimi-effect/client/KimiClient"
import { Effect, Layer, Redacted, Schema } from "effect"
import * as LanguageModel from "effect/ai/LanguageModel"
import * as MockProvider from "../src/MockProvider.ts"
import * as Reply from "../src/Reply.ts"
import type { Script } from "../src/Script.ts"

const Order = Schema.Struct({ item: Schema.String, count: Schema.Int })
const order = { item: "tea", count: 2 }

const atHttp = (script: Script) =>
  Layer.provideMerge(KimiClient.layer({ apiKey: Redacted.make("sk-test") }), MockProvider.layerHttp({ script }))
const atClient = (script: Script) => MockProvider.layerClient({ script })

for (const [level, layerOf] of [
  ["HTTP", atHttp],
  ["the client", atClient]
] as const) {
  describe(`at the level of ${level}`, () => {
    it.effect("answers with an object of a Schema", () =>
      Effect.gen(function* () {
        const { value } = yield* StructuredOutput.generate({ schema: Order, prompt: "Two teas, please." })
        assert.deepStrictEqual(value, order)
      }).pipe(Effect.provide(layerOf([Reply.object(Order, order)])))
    )

    it.effect("answers a repaired response", () =>
      Effect.gen(function* () {
        const { value } = yield* StructuredOutput.generate({ schema: Order, prompt: "Two teas, please." })
        assert.deepStrictEqual(value, order)
        yield* (yield* MockProvider.MockProvider).attempts(2)
      }).pipe(Effect.provide(layerOf(["two teas", Reply.object(Order, order)])))
    )

    it.effect("answers a language model", () =>
      Effect.gen(function* () {
        const { text } = yield* LanguageModel.generateText({ prompt: "Hi" })
        assert.strictEqual(text, "Hello!")
        const { value } = yield* LanguageModel.generateObject({ schema: Order, prompt: "Two teas, please." })
        assert.deepStrictEqual(value, order)
      }).pipe(
        Effect.provide(
          KimiLanguageModel.layer().pipe(Layer.provideMerge(layerOf(["Hello!", Reply.object(Order, order)])))
        )
      )
    )
  })
}
