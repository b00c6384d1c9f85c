import { assert, describe, it } from "@effect/vitest"
import { BigDecimal, Effect, Layer, Stream } from "effect"
import * as CallOptions from "../../src/CallOptions.ts"
import type { ModelRequest } from "../../src/models/ChatRequest.ts"
import * as Messages from "../../src/models/Message.ts"
import * as PriceTable from "../../src/money/PriceTable.ts"
import * as PrefixCache from "../../src/observability/PrefixCache.ts"
import * as Telemetry from "../../src/observability/Telemetry.ts"
import { linesOf, parse } from "./support/lines.ts"
import { connect, nextOf, requestOf, tool, usageOf } from "./support/prefixCache.ts"

const first = requestOf()
const next = nextOf(first)

const replaced = (request: ModelRequest, index: number, message: Messages.Message): ModelRequest => ({
  ...request,
  messages: request.messages.with(index, message)
})

describe("the earlier request", () => {
  /** The number of breaks after requests of 2,000 tokens without cached ones. */
  const breaksAfter = (...requests: ReadonlyArray<ModelRequest>) =>
    Effect.gen(function* () {
      const { breaks, chat } = yield* connect()
      for (const request of requests) yield* chat(request, usageOf(2_000, 0))
      return (yield* breaks).length
    })
  const { prompt_cache_key: _, ...keyless } = first

  it.effect("has the same cache key", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* breaksAfter(first, requestOf({ prompt_cache_key: "other" })), 0)
    })
  )

  it.effect("began with the same message when there is no key", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* breaksAfter(keyless, { ...nextOf(keyless), tools: [] }), 1)
      assert.strictEqual(yield* breaksAfter(keyless, replaced(keyless, 1, Messages.user("Other"))), 0)
    })
  )

  it.effect("has the same model when there is no key", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* breaksAfter(keyless, { ...keyless, model: "kimi-k2.6" }), 0)
    })
  )

  it.effect("belongs to the same account", () =>
    Effect.gen(function* () {
      const { breaks, chat } = yield* connect()
      yield* chat(first, usageOf(2_000, 0))
      yield* chat(next, usageOf(2_100, 0), { account: "second" })
      assert.deepStrictEqual(yield* breaks, [])
    })
  )

  it.effect("belongs to the same tenant", () =>
    Effect.gen(function* () {
      const { breaks, chat } = yield* connect()
      yield* chat(first, usageOf(2_000, 0)).pipe(CallOptions.provide({ tenant: "a" }))
      yield* chat(next, usageOf(2_100, 0)).pipe(CallOptions.provide({ tenant: "b" }))
      assert.deepStrictEqual(yield* breaks, [])
      yield* chat(next, usageOf(2_100, 0)).pipe(CallOptions.provide({ tenant: "a" }))
      assert.deepStrictEqual(
        (yield* breaks).map(({ tenant }) => tenant),
        ["a"]
      )
    })
  )

  it.effect("is the branch with the longest common beginning", () =>
    Effect.gen(function* () {
      const { breaks, chat } = yield* connect()
      const branch = replaced(next, 3, Messages.user("Another question"))
      yield* chat(next, usageOf(2_000, 0))
      yield* chat(branch, usageOf(2_000, 1_792))
      yield* chat(nextOf(next), usageOf(2_100, 0))
      const [found] = yield* breaks
      assert.strictEqual(found?.reason, "unexplained")
    })
  )

  it.effect("has the same effort where there is such a branch", () =>
    Effect.gen(function* () {
      const { breaks, chat } = yield* connect()
      yield* chat({ ...first, reasoning_effort: "low" }, usageOf(2_000, 1_792))
      yield* chat({ ...first, reasoning_effort: "max" }, usageOf(2_000, 1_792))
      yield* chat({ ...next, reasoning_effort: "low" }, usageOf(2_100, 0))
      assert.deepStrictEqual(
        (yield* breaks).map(({ reason }) => reason),
        ["unexplained"]
      )
    })
  )

  it.effect("is kept while its conversation is used", () =>
    Effect.gen(function* () {
      const { breaks, chat } = yield* connect({ maxConversations: 2 })
      yield* chat(first, usageOf(2_000, 0))
      yield* chat(requestOf({ prompt_cache_key: "second" }), usageOf(2_000, 0))
      yield* chat(next, usageOf(2_100, 1_792))
      yield* chat(requestOf({ prompt_cache_key: "third" }), usageOf(2_000, 0))
      yield* chat(nextOf(next), usageOf(2_200, 0))
      assert.strictEqual((yield* breaks).length, 1)
    })
  )

  it.effect("is forgotten when too many conversations follow", () =>
    Effect.gen(function* () {
      const { breaks, chat } = yield* connect({ maxConversations: 1 })
      yield* chat(first, usageOf(2_000, 0))
      yield* chat(requestOf({ prompt_cache_key: "other" }), usageOf(2_000, 0))
      yield* chat(next, usageOf(2_100, 0))
      assert.deepStrictEqual(yield* breaks, [])
    })
  )
})

describe("reports", () => {
  const change = { ...next, tools: [tool("b"), tool("a")] }

  it.effect("are counted by reason", () =>
    Effect.gen(function* () {
      const { chat, metrics, statistics } = yield* connect()
      yield* chat(first, usageOf(2_000, 0))
      yield* chat(change, usageOf(2_100, 0))
      assert.sameMembers(
        [...metrics()],
        [
          "kimi.client.prefix_cache.breaks tools reordered 1",
          "kimi.client.prefix_cache.lost_tokens tools reordered 1792",
          "kimi.client.prefix_cache.cost tools reordered 0.0048384"
        ]
      )
      assert.deepStrictEqual(yield* statistics, { compared: 1, breaks: 1, lostTokens: 1_792 })
    })
  )

  it.effect("are logged with the fields of Telemetry", () =>
    Effect.gen(function* () {
      const { chat } = yield* connect()
      const lines = yield* linesOf(
        Effect.gen(function* () {
          yield* chat(first, usageOf(2_000, 0))
          yield* chat(replaced(next, 1, Messages.user("Hi!")), usageOf(2_100, 0))
          yield* chat(replaced(next, 1, Messages.user("Hi!")), usageOf(2_100, 0))
        }).pipe(CallOptions.provide({ tenant: "acme" }))
      )
      const parsed = lines.map(parse)
      assert.deepStrictEqual(
        parsed.map(({ level }) => level),
        ["INFO", "DEBUG"]
      )
      const fields = new Set(Object.keys(parsed[0]?.["annotations"] ?? {}))
      assert.deepStrictEqual(fields, new Set(Telemetry.logs.prefixCacheBreak.attributes.map(({ name }) => name)))
    })
  )

  it.effect("contain no text of a request", () =>
    Effect.gen(function* () {
      const { breaks, chat, metrics } = yield* connect()
      const secret = replaced(first, 1, Messages.user("canary secret"))
      const lines = yield* linesOf(
        Effect.andThen(
          chat(secret, usageOf(2_000, 0)),
          chat({ ...nextOf(secret), tools: [tool("canary")] }, usageOf(2_100, 0))
        )
      )
      assert.strictEqual((yield* breaks).length, 1)
      const shown = JSON.stringify([lines, metrics(), (yield* breaks).map((one) => ({ ...one, cost: undefined }))])
      assert.notInclude(shown, "canary")
      assert.notInclude(shown, "session")
    })
  )

  it.effect("use the user's own prices", () =>
    Effect.gen(function* () {
      const { breaks, chat } = yield* Effect.provide(
        connect(),
        PriceTable.layer({
          models: [
            { model: "kimi-k3", provider: "moonshot", currency: "USD", cacheMiss: "1000", cacheHit: "0", output: "0" }
          ]
        })
      )
      yield* chat(first, usageOf(2_000, 0))
      yield* chat(change, usageOf(2_100, 0))
      const [found] = yield* breaks
      assert.strictEqual(BigDecimal.format(found?.cost?.amount ?? BigDecimal.fromNumberUnsafe(0)), "1.792")
    })
  )
})

describe("layer", () => {
  it.effect.each([{ timeToLive: "0 seconds" }, { timeToLive: "-1 seconds" }, { maxConversations: 0 }] as const)(
    "refuses %o",
    (options) =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(Effect.scoped(Layer.build(PrefixCache.layer(options as PrefixCache.Options))))
        assert.strictEqual(error._tag, "ConfigurationError")
      })
  )

  it.effect("ends the events with its scope", () =>
    Effect.gen(function* () {
      const events = yield* Effect.scoped(
        Effect.map(PrefixCache.PrefixCache, (cache) => cache.events).pipe(Effect.provide(PrefixCache.layer()))
      )
      yield* Stream.runDrain(events)
    })
  )
})
