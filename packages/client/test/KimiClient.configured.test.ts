/** Stages that the configuration turns on, in a client without Node. */
import { assert, describe, it } from "@effect/vitest"
import { MockServer } from "@kimi-effect/testing/node"
import { Context, Effect, Layer } from "effect"
import { FetchHttpClient } from "effect/http"
import * as KimiClient from "../src/KimiClient.ts"
import { environment, issuesOf, other, small, used, type Variables, variablesFor } from "./node/support/configured.ts"

describe("KimiClient.layerConfig", () => {
  const layerFetch = (variables: Variables) =>
    KimiClient.layerConfig().pipe(Layer.provide(FetchHttpClient.layer), Layer.provide(environment(variables)))

  it.live("turns on stages that need no Node", () =>
    Effect.gen(function* () {
      const server = yield* MockServer.make()
      yield* server.replyAlways(used)
      const kimi = yield* Effect.map(
        Layer.build(layerFetch(variablesFor(server, { KIMI_CACHE: "memory", KIMI_BUDGET: "0.002 USD" }))),
        Context.get(KimiClient.KimiClient)
      )
      yield* kimi.chat(small)
      assert.strictEqual((yield* kimi.chat(small)).cached?.level, "memory")
      assert.strictEqual((yield* Effect.flip(kimi.chat(other)))._tag, "BudgetExceededError")
    })
  )

  it.live("reports every store that needs Node with the layer that supports it", () =>
    Effect.gen(function* () {
      const issues = yield* issuesOf(
        layerFetch({
          KIMI_API_KEY: "sk-test",
          KIMI_CACHE: "sqlite:a.db",
          KIMI_LIMITS: "redis://localhost",
          KIMI_CIRCUITS: "redis://localhost",
          KIMI_BUDGET_STORE: "redis://localhost",
          KIMI_AUDIT_LOG: "audit.jsonl"
        })
      )
      assert.deepStrictEqual(
        issues.map(({ name }) => name),
        ["KIMI_CACHE", "KIMI_LIMITS", "KIMI_CIRCUITS", "KIMI_BUDGET_STORE", "KIMI_AUDIT_LOG"]
      )
      for (const { expected } of issues) assert.include(expected, "KimiNode.layerConfig")
    })
  )
})
