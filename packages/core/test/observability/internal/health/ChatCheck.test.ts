import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect } from "effect"
import { CacheControl } from "../../../../src/cache/CacheControl.ts"
import { classes } from "../../../../src/errors/KimiError.ts"
import type { ChatRequest } from "../../../../src/models/ChatRequest.ts"
import * as ChatCheck from "../../../../src/observability/internal/health/ChatCheck.ts"

const times = { timeToLive: Duration.minutes(5), timeout: Duration.seconds(30) }

describe("the chat check", () => {
  it.effect("makes one small call that bypasses the cache", () =>
    Effect.gen(function* () {
      const calls: Array<[ChatRequest, string]> = []
      const chat = (request: ChatRequest) =>
        Effect.map(CacheControl, ({ mode }) => {
          calls.push([request, mode])
        })
      const check = ChatCheck.make({ chat, ...times })
      assert.deepInclude({ ...check }, { name: "chat", role: "required", ...times })
      assert.strictEqual((yield* check.check).status, "healthy")
      yield* ChatCheck.make({ chat, model: "kimi-k2.6", ...times }).check
      const request: ChatRequest = { messages: [{ role: "user", content: "ping" }], max_completion_tokens: 16 }
      assert.deepStrictEqual(calls, [
        [request, "bypass"],
        [{ model: "kimi-k2.6", ...request }, "bypass"]
      ])
    })
  )

  it.effect("is healthy if the model only returned reasoning", () =>
    Effect.gen(function* () {
      const thought = new classes.ReasoningBudgetExhaustedError({ message: "thought" })
      assert.strictEqual(
        (yield* ChatCheck.make({ chat: () => Effect.fail(thought), ...times }).check).status,
        "healthy"
      )
    })
  )

  it.effect("fails with the error of the call", () =>
    Effect.gen(function* () {
      const error = new classes.OverloadedError({ message: "busy" })
      assert.strictEqual(yield* Effect.flip(ChatCheck.make({ chat: () => Effect.fail(error), ...times }).check), error)
    })
  )
})
