import { assert, describe, it } from "@effect/vitest"
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import { Effect, Layer, Redacted } from "effect"
import { FetchHttpClient } from "effect/http"
import * as ChatTransport from "../../src/ChatTransport.ts"
import type { Step } from "../../src/FallbackPlan.ts"
import { make } from "../../src/internal/makeFallbackPlan.ts"

const hosts = ChatTransport.layerHttp.pipe(
  Layer.provideMerge(Layer.merge(KimiConfig.layer({ apiKey: Redacted.make("sk-1") }), FetchHttpClient.layer))
)

describe("a plan that cannot be used", () => {
  it.effect.each<{ readonly name: string; readonly steps: unknown; readonly expected: ReadonlyArray<string> }>([
    { name: "no list", steps: {}, expected: ["fallback"] },
    { name: "no object", steps: [null], expected: ["fallback[0]"] },
    { name: "an unknown option", steps: [{ modle: "kimi-k3" }], expected: ["fallback[0].modle"] },
    { name: "no key", steps: [{ baseUrl: "https://gateway.example/v1" }], expected: ["fallback[0].apiKey"] }
  ])("is named as the list that its maker names, with $name", ({ expected, steps }) =>
    Effect.gen(function* () {
      const { issues } = yield* Effect.flip(make(steps as ReadonlyArray<Step>, "fallback"))
      assert.deepStrictEqual(
        issues.map(({ name }) => name),
        expected
      )
    }).pipe(Effect.provide(hosts), Effect.scoped)
  )
})
