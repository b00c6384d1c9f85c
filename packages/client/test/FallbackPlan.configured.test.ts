import { assert, describe, it } from "@effect/vitest"
import * as KimiClient from "@kimi-effect/client/KimiClient"
import { Effect, Layer, Redacted } from "effect"
import { FetchHttpClient } from "effect/http"

const layerOf = (step: { readonly baseUrl?: string; readonly on?: ReadonlyArray<string> }) =>
  KimiClient.layer({ apiKey: Redacted.make("sk-1"), fallback: [step] }).pipe(Layer.provide(FetchHttpClient.layer))

describe("a configured fallback plan", () => {
  it.effect.each(["baseUrl", "on"] as const)("names the option of a step whose %s cannot be used", (member) =>
    Effect.gen(function* () {
      const step = { baseUrl: { baseUrl: "https://gateway.example/v1" }, on: { on: ["NoSuchError"] } }[member]
      const { issues } = yield* Effect.flip(Effect.scoped(Layer.build(layerOf(step))))
      assert.deepStrictEqual(
        issues.map(({ name }) => name),
        [{ baseUrl: "fallback[0].apiKey", on: "fallback[0].on" }[member]]
      )
    })
  )
})
