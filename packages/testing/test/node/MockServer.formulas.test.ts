import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { FetchHttpClient } from "effect/http"
import * as Redacted from "effect/Redacted"
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import * as KimiTool from "@kimi-effect/client/agent/KimiTool"
import * as ToolSet from "@kimi-effect/client/agent/ToolSet"
import * as HostApi from "@kimi-effect/client/HostApi"
import * as MockServer from "../../src/node/MockServer.ts"

const connected = Layer.unwrap(
  Effect.map(MockServer.MockServer, ({ url }) =>
    Layer.provide(
      HostApi.layerHttp,
      Layer.merge(KimiConfig.layer({ apiKey: Redacted.make("sk-0123456789"), baseUrl: url }), FetchHttpClient.layer)
    )
  )
).pipe(Layer.provideMerge(MockServer.layer()))

const call = (formula: KimiTool.Formula, name: string) =>
  Effect.gen(function* () {
    const { provider } = yield* HostApi.HostApi
    const set = yield* ToolSet.make(yield* KimiTool.formula(formula), { provider })
    const decoded = yield* set.decode({ name, arguments: '{"query":"x"}', callId: "1" })
    return yield* set.run(decoded)
  })

describe("the formulas of MockServer", () => {
  it.live("answer a search with an encrypted result", () =>
    Effect.gen(function* () {
      const { content, isFailure } = yield* call("web-search", "web_search")
      assert.isFalse(isFailure)
      assert.match(String(content), /^----MOONSHOT ENCRYPTED BEGIN----/)
    }).pipe(Effect.provide(connected))
  )

  it.live("answer other calls in plain text", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* call("code-runner", "code_runner")).content, "The output of code-runner")
    }).pipe(Effect.provide(connected))
  )

  const statusOf = (value: unknown) =>
    Effect.gen(function* () {
      const api = yield* HostApi.HostApi
      const { status } = yield* api.request({
        operation: "formulaFiber",
        method: "POST",
        path: "/formulas/moonshot/date:latest/fibers",
        body: { _tag: "Json", value },
        acceptedStatuses: [200, 400],
        response: HostApi.withStatus(HostApi.text)
      })
      return status
    }).pipe(Effect.provide(connected))

  for (const [name, body] of Object.entries({
    "a function that the formula lacks": { name: "web_search", arguments: "{}" },
    "arguments that are no text": { name: "date", arguments: {} },
    "arguments that are no JSON": { name: "date", arguments: "{" }
  })) {
    it.live(`reject ${name}`, () =>
      Effect.gen(function* () {
        assert.strictEqual(yield* statusOf(body), 400)
      })
    )
  }
})
