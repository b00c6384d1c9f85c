import { assert, describe, it } from "@effect/vitest"
import { BigDecimal, Duration, Effect } from "effect"
import { TestClock } from "effect/testing"
import type { ModelRequest } from "../../src/models/ChatRequest.ts"
import * as Messages from "../../src/models/Message.ts"
import * as PrefixCache from "../../src/observability/PrefixCache.ts"
import { connect, nextOf, requestOf, tool, usageOf } from "./support/prefixCache.ts"

const first = requestOf()
const next = nextOf(first)

const replaced = (request: ModelRequest, index: number, message: Messages.Message): ModelRequest => ({
  ...request,
  messages: request.messages.with(index, message)
})

/** Makes a request with 2,000 tokens, then another with 2,100 of which none are cached, and returns the reason. */
const reasonOf = (
  changed: ModelRequest,
  { cached = 0, original = first }: { readonly cached?: number; readonly original?: ModelRequest } = {}
) =>
  Effect.gen(function* () {
    const { breaks, chat } = yield* connect()
    yield* chat(original, usageOf(2_000, 0))
    yield* chat(changed, usageOf(2_100, cached))
    return (yield* breaks).map(({ message, reason }) => (message === undefined ? reason : `${reason} ${message}`))
  })

describe("a break", () => {
  it.effect.each([
    ["nothing changed", next, "unexplained"],
    ["the model", { ...next, model: "kimi-k3.1-pro" }, "model"],
    ["the effort", { ...next, reasoning_effort: "low" }, "thinking"],
    ["the order of the tools", { ...next, tools: [tool("b"), tool("a")] }, "tools reordered"],
    ["a tool", { ...next, tools: [tool("a"), tool("c")] }, "tools changed"],
    ["the tools to none", { ...next, tools: undefined }, "tools changed"],
    ["the instructions", replaced(next, 0, Messages.system("Be brief. It is 9:41.")), "system 0"],
    ["a message", replaced(next, 1, Messages.user("Hi!")), "message 1"],
    ["the members of a message in order", replaced(next, 1, { content: "Hi", role: "user" }), "message 1"]
  ] as const)("names what changed: %s", ([, changed, reason]) =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* reasonOf(changed), [reason])
    })
  )

  it.effect("names the first of several changes", () =>
    Effect.gen(function* () {
      const changed = { ...replaced(next, 1, Messages.user("Hi!")), tools: [tool("a")] }
      assert.deepStrictEqual(yield* reasonOf(changed), ["tools changed"])
    })
  )

  it.effect("names instructions that were removed", () =>
    Effect.gen(function* () {
      const changed = { ...next, messages: next.messages.slice(1) }
      assert.deepStrictEqual(yield* reasonOf(changed), ["system 0"])
    })
  )

  it.effect("has its cost", () =>
    Effect.gen(function* () {
      const { breaks, chat } = yield* connect()
      yield* chat(first, usageOf(2_000, 0))
      yield* TestClock.adjust("1 minute")
      yield* chat({ ...next, reasoning_effort: "low" }, usageOf(2_100, 256))
      const [found] = yield* breaks
      assert.deepInclude(found, {
        account: "moonshot",
        provider: "moonshot",
        model: "kimi-k3",
        tenant: "",
        promptTokens: 2_100,
        cachedTokens: 256,
        // 7 steps of 256 tokens.
        expectedTokens: 1_792,
        lostTokens: 1_536
      })
      // 1,536 tokens at 3.00 in place of 0.30 per million.
      assert.strictEqual(BigDecimal.format(found?.cost?.amount ?? BigDecimal.fromNumberUnsafe(0)), "0.0041472")
      assert.strictEqual(found?.cost?.currency, "USD")
      assert.strictEqual(found && Duration.toSeconds(found.elapsed), 60)
    })
  )

  it.effect("has no cost without a price", () =>
    Effect.gen(function* () {
      const { breaks, chat } = yield* connect()
      const elsewhere = { account: "router", provider: "openrouter" }
      yield* chat(first, usageOf(2_000, 1_024), elsewhere)
      yield* chat(next, usageOf(2_100, 0), elsewhere)
      const [found] = yield* breaks
      assert.deepInclude(found, { reason: "unexplained", cost: undefined })
    })
  )

  it.effect("is found in a stream", () =>
    Effect.gen(function* () {
      const { breaks, stream } = yield* connect()
      yield* stream(first, usageOf(2_000, 0))
      yield* stream({ ...next, tools: [] }, usageOf(2_100, 0))
      assert.deepStrictEqual(
        (yield* breaks).map(({ reason }) => reason),
        ["tools changed"]
      )
    })
  )
})

describe("no break", () => {
  it.effect.each([
    ["is read from the cache in whole steps", 1_792],
    ["is read further than the steps", 2_050]
  ] as const)("is found when the prompt %s", ([, cached]) =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* reasonOf(next, { cached }), [])
    })
  )

  it.effect("is found when less than a step is missing", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* reasonOf(next, { cached: 1_537 }), [])
      assert.deepStrictEqual(yield* reasonOf(next, { cached: 1_536 }), ["unexplained"])
    })
  )

  it.effect.each([
    // The last 16 tokens of 2,063 are not expected, so that 2,047 have 7 whole steps.
    [2_063, 1_537, undefined],
    [2_064, 1_537, 2_048],
    [2_064, 1_793, undefined]
  ] as const)("is found for the end of a prompt: %i tokens with %i cached", ([prompt, cached, expected]) =>
    Effect.gen(function* () {
      const { breaks, chat } = yield* connect()
      yield* chat(first, usageOf(prompt, 0))
      yield* chat(next, usageOf(prompt + 100, cached))
      assert.strictEqual((yield* breaks)[0]?.expectedTokens, expected)
    })
  )

  it.effect("is found for the tokens that a shorter prompt does not have", () =>
    Effect.gen(function* () {
      const { breaks, chat } = yield* connect()
      yield* chat(next, usageOf(2_000, 0))
      yield* chat(first, usageOf(600, 512))
      assert.deepStrictEqual(yield* breaks, [])
    })
  )

  it.effect("is found for a stream that broke", () =>
    Effect.gen(function* () {
      const { breaks, brokenStream, chat } = yield* connect()
      yield* chat(first, usageOf(2_000, 0))
      yield* Effect.ignore(brokenStream(next, usageOf(2_100, 0)))
      assert.deepStrictEqual(yield* breaks, [])
    })
  )

  it.effect("is found after a change that the host did not notice", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* reasonOf({ ...next, tool_choice: "none" }, { cached: 1_792 }), [])
    })
  )

  it.effect("is found for short prompts, as in recorded traffic", () =>
    Effect.gen(function* () {
      const { breaks, chat } = yield* connect()
      yield* chat(first, usageOf(88, 88))
      yield* chat(next, usageOf(268, 0))
      assert.deepStrictEqual(yield* breaks, [])
    })
  )

  it.effect("is found without usage", () =>
    Effect.gen(function* () {
      const { breaks, chat, stream } = yield* connect()
      yield* chat(first, usageOf(2_000, 0))
      yield* chat(next, undefined)
      yield* stream(next, undefined)
      assert.deepStrictEqual(yield* breaks, [])
    })
  )

  it.effect("is found at a host that never reported cached tokens", () =>
    Effect.gen(function* () {
      const { breaks, chat } = yield* connect()
      const local = { account: "ollama", provider: "ollama" }
      yield* chat(first, usageOf(2_000, 0), local)
      yield* chat(next, usageOf(2_100, 0), local)
      assert.deepStrictEqual(yield* breaks, [])
    })
  )

  it.effect("is found for a request that began before the earlier one was answered", () =>
    Effect.gen(function* () {
      const { breaks, chat, chatDuring } = yield* connect()
      yield* chatDuring(next, usageOf(2_100, 0), chat(first, usageOf(2_000, 0)))
      assert.deepStrictEqual(yield* breaks, [])
      yield* chat(next, usageOf(2_100, 0))
      assert.strictEqual((yield* breaks).length, 1)
    })
  )
})

describe("expiry", () => {
  const afterMinutes = (minutes: number, request: ModelRequest, options?: PrefixCache.Options) =>
    Effect.gen(function* () {
      const { breaks, chat } = yield* connect(options)
      yield* chat(request, usageOf(2_000, 0))
      yield* TestClock.adjust(`${minutes} minutes`)
      yield* chat(nextOf(request), usageOf(2_100, 0))
      return (yield* breaks).map(({ reason }) => reason)
    })

  it.effect("is the reason from the time to live on", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* afterMinutes(4.999, first), ["unexplained"])
      assert.deepStrictEqual(yield* afterMinutes(5, first), ["expired"])
    })
  )

  it.effect("follows the options", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* afterMinutes(9, first, { timeToLive: "10 minutes" }), ["unexplained"])
    })
  )

  it.effect("follows the lifetime of the request", () =>
    Effect.gen(function* () {
      const long: ModelRequest = { ...first, prompt_cache_options: { ttl: "1h" } }
      assert.deepStrictEqual(yield* afterMinutes(59, long), ["unexplained"])
      assert.deepStrictEqual(yield* afterMinutes(60, long), ["expired"])
    })
  )
})
