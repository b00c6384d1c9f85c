/** Rate-limit headers of responses. */
import { assert, describe, it } from "@effect/vitest"
import * as Admission from "@kimi-effect/core/Admission"
import * as StreamFold from "@kimi-effect/core/StreamFold"
import { Reply } from "@kimi-effect/testing"
import { MockServer } from "@kimi-effect/testing/node"
import { Context, Effect, Layer, Redacted } from "effect"
import * as KimiClient from "../src/KimiClient.ts"
import * as KimiNode from "../src/node/KimiNode.ts"
import { hello, key } from "./node/support/kimi.ts"

const headers = { "x-ratelimit-limit": "500", "x-ratelimit-remaining": "320", "x-ratelimit-reset": "30" }

describe("a host that sends rate-limit headers", () => {
  for (const way of ["plain", "stream"] as const) {
    it.live(`updates admission with the response: ${way}`, () =>
      Effect.scoped(
        Effect.gen(function* () {
          const server = yield* MockServer.make()
          yield* server.replyAlways(Reply.chatResponse({ content: "hello" }, { headers }))
          const context = yield* Layer.build(
            Layer.provideMerge(
              KimiNode.layer({ apiKey: Redacted.make(key), baseUrl: server.url }),
              Admission.layer({ limits: { requestsPerMinute: 1_000 } })
            )
          )
          const kimi = Context.get(context, KimiClient.KimiClient)
          const answer = yield* way === "plain" ? kimi.chat(hello) : StreamFold.collect(kimi.stream(hello))
          assert.deepStrictEqual(answer.rateStatus, { limit: 500, remaining: 320, reset: 30_000 })
          const states = yield* Context.get(context, Admission.Admission).states
          const state = states.get("moonshot")
          assert.strictEqual(state?.limits.requestsPerMinute, 500)
          assert.strictEqual(state?.requestsInMinute, 180)
        })
      )
    )
  }
})
