import { assert, describe, it } from "@effect/vitest"
import { Reply } from "@kimi-effect/testing"
import { Effect } from "effect"
import { LanguageModel } from "effect/ai"
import { recordSpans } from "../support/spans.ts"
import { withModel } from "./support/languageModel.ts"

const hello = LanguageModel.generateText({ prompt: "Hello" })

describe("the span of a call", () => {
  it.live("has the attributes of the conventions for generative AI", () =>
    withModel((server) =>
      Effect.gen(function* () {
        const { record, spans } = recordSpans()
        yield* server.reply(Reply.text("Hi.", { usage: { prompt_tokens: 10, completion_tokens: 20 } }))
        yield* record(hello)
        const span = spans.find(({ name }) => name === "LanguageModel.generateText")
        const attributes = Object.fromEntries(span?.attributes ?? [])
        assert.deepInclude(attributes, {
          "gen_ai.provider.name": "moonshot_ai",
          "gen_ai.operation.name": "chat",
          "gen_ai.response.model": "kimi-k3",
          "gen_ai.response.finish_reasons": ["stop"],
          "gen_ai.usage.input_tokens": 10,
          "gen_ai.usage.output_tokens": 20
        })
      })
    )
  )

  it.live("has the span of the client as its child", () =>
    withModel(() =>
      Effect.gen(function* () {
        const { record, spans } = recordSpans()
        yield* record(hello)
        const outer = spans.find(({ name }) => name === "LanguageModel.generateText")
        assert.isTrue(spans.some(({ parent }) => parent._tag === "Some" && parent.value.spanId === outer?.spanId))
      })
    )
  )

  it.live("has no text of the prompt that a host returns as the name of a model", () =>
    withModel((server) =>
      Effect.gen(function* () {
        const { record, spans } = recordSpans()
        yield* server.reply(Reply.text("Hi.", { model: "Secretville" }))
        yield* record(LanguageModel.generateText({ prompt: "Where is Secretville?" }))
        assert.notInclude(JSON.stringify(spans.flatMap((span) => [...span.attributes])), "Secretville")
      })
    )
  )
})
