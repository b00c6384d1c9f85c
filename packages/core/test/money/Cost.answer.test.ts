import { assert, describe, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import { TestClock } from "effect/testing"
import { ChatResponse } from "../../src/models/ChatResponse.ts"
import * as Cost from "../../src/money/Cost.ts"
import { responseOf, usageOf } from "../support/responses.ts"

const usage = usageOf({ prompt_tokens: 1_000, completion_tokens: 100, cache_write_tokens: 1_000 })

const answer = ({
  hasUsage = true,
  ...members
}: {
  readonly provider?: string
  readonly model?: string
  readonly hasUsage?: boolean
}) => responseOf("hi", { ...members, ...(hasUsage ? { usage } : {}) })

const costOf = (response: ChatResponse) =>
  Effect.map(Cost.ofResponse(response), (cost) => Option.getOrUndefined(Option.map(cost, Cost.format)))

describe("Cost.ofResponse", () => {
  it.effect("uses the price of the host that gave the response", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(Date.UTC(2026, 7, 31))
      assert.strictEqual(yield* costOf(answer({ provider: "moonshot" })), "$0.0045")
      yield* TestClock.setTime(Date.UTC(2026, 8, 1))
      assert.strictEqual(yield* costOf(answer({ provider: "moonshot" })), "$0.0045")
      assert.strictEqual(yield* costOf(answer({ provider: "moonshot-cn" })), "¥0.03")
    })
  )

  it.effect("uses the model of the request where the name of the host has no price", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(Date.UTC(2026, 7, 31))
      const renamed = { ...answer({ provider: "moonshot" }), model: "proxy-name" }
      assert.isUndefined(yield* costOf(new ChatResponse(renamed)))
      const { model } = answer({ provider: "moonshot" })
      assert.strictEqual(yield* costOf(new ChatResponse({ ...renamed, requestedModel: model })), "$0.0045")
    })
  )

  it.effect("is zero for a response of the client's cache, whose whole price is saved", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(Date.UTC(2026, 7, 31))
      const response = answer({ provider: "moonshot" })
      const cached = new ChatResponse({ ...response, cached: { level: "memory", age: 5, isStale: false } })
      assert.strictEqual(yield* costOf(cached), "$0")
      const saved = Option.map(yield* Cost.ofResponse(cached), ({ currency, saved }) =>
        Cost.format({ currency, total: saved })
      )
      assert.deepStrictEqual(saved, Option.some("$0.0045"))
    })
  )

  it.effect("has the price of the one-hour cache for a request that asks for it", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(Date.UTC(2026, 8, 1))
      const written = answer({ provider: "moonshot" })
      const costFor = (request?: Parameters<typeof Cost.ofResponse>[1]) =>
        Effect.map(Cost.ofResponse(written, request), (cost) => Option.getOrUndefined(Option.map(cost, Cost.format)))
      // 1,000 x 3.00 + 100 x 15.00; 1,000 x 6.00 + 100 x 15.00
      assert.strictEqual(yield* costFor(), "$0.0045")
      assert.strictEqual(yield* costFor({ prompt_cache_options: { ttl: "5m" } }), "$0.0045")
      assert.strictEqual(yield* costFor({ prompt_cache_options: { ttl: "1h" } }), "$0.0075")
    })
  )

  it.effect("is none without usage, host or a known price", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(Date.UTC(2026, 8, 1))
      assert.isUndefined(yield* costOf(answer({ provider: "moonshot", hasUsage: false })))
      assert.isUndefined(yield* costOf(answer({})))
      assert.isUndefined(yield* costOf(answer({ provider: "together" })))
      assert.isUndefined(yield* costOf(answer({ provider: "moonshot", model: "kimi-k9" })))
    })
  )
})
