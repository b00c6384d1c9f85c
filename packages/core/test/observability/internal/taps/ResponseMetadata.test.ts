import { assert, describe, it } from "@effect/vitest"
import { ChatResponse } from "../../../../src/models/ChatResponse.ts"
import * as ResponseMetadata from "../../../../src/observability/internal/taps/ResponseMetadata.ts"
import { responseOf } from "../../../support/responses.ts"

const response = new ChatResponse({
  ...responseOf("hello"),
  provider: "moonshot",
  requestId: "r-1",
  usage: {
    prompt_tokens: 1,
    completion_tokens: 2,
    total_tokens: 3,
    cached_tokens: 0,
    cache_write_tokens: 0,
    reasoning_tokens: 0
  }
})

describe("ResponseMetadata.forMetrics", () => {
  it("has the origin of a response with its usage", () => {
    const { model, provider, usage } = ResponseMetadata.fromResponse(response, [])
    assert.deepStrictEqual(ResponseMetadata.forMetrics(response, []), {
      ...ResponseMetadata.empty,
      model,
      provider,
      usage
    })
    assert.deepStrictEqual([model, provider], [response.model, "moonshot"])
  })

  it("omits a model that quotes the conversation", () => {
    const quoting = new ChatResponse({ ...response, model: "secret-plan", requestedModel: "kimi-k3" })
    const messages = [{ role: "user", content: "the secret-plan" }] as const
    assert.isUndefined(ResponseMetadata.forMetrics(quoting, messages).model)
    assert.strictEqual(ResponseMetadata.forMetrics(quoting, []).model, "secret-plan")
  })
})
