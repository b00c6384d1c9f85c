/** The cache as a stage of the client. */
import { assert, describe, it } from "@effect/vitest"
import * as CacheControl from "@kimi-effect/core/CacheControl"
import * as CallOptions from "@kimi-effect/core/CallOptions"
import type * as KimiConfig from "@kimi-effect/core/KimiConfig"
import { classes } from "@kimi-effect/core/KimiError"
import * as Accounting from "@kimi-effect/core/Accounting"
import * as Budget from "@kimi-effect/core/Budget"
import * as Admission from "@kimi-effect/core/Admission"
import { BigDecimal, Context, Effect, Fiber, Layer, Redacted, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as ResponseCache from "../src/node/ResponseCache.ts"
import { providers } from "../src/Provider.ts"
import { ask, clientOf, markOf, scripted } from "./support/cachedClient.ts"

const cached = (options?: Parameters<typeof ResponseCache.layerMemory>[0]) =>
  Layer.build(ResponseCache.layerMemory(options))

const inCache = CacheControl.provide({ mode: "onlyIfCached" })

describe("a client with a cache", () => {
  it.effect("answers from the cache without a call, a permit or costs", () =>
    Effect.gen(function* () {
      const host = scripted()
      const given = yield* Layer.build(
        Layer.mergeAll(
          ResponseCache.layerMemory(),
          Admission.layer({ limits: { requestsPerMinute: 1 }, maxWait: "1 second" }),
          Budget.layer({ caps: [{ amount: "0.50", currency: "USD" }] })
        )
      )
      const budget = Context.get(given, Budget.Budget)
      const admission = Context.get(given, Admission.Admission)
      const kimi = yield* clientOf(host, given)
      const small = { ...ask(), max_completion_tokens: 1_000 }
      assert.strictEqual((yield* kimi.chat(small)).text, "answer 1")
      const [spent, places] = [yield* budget.state, yield* admission.states]
      const hit = yield* kimi.chat(small)
      assert.deepStrictEqual([hit.text, hit.cached?.level], ["answer 1", "memory"])
      const events = yield* Stream.runCollect(kimi.stream(small))
      assert.strictEqual(markOf(events)?.level, "memory")
      assert.deepStrictEqual(host.calls, { chats: 1, streams: 0 })
      assert.deepStrictEqual(yield* budget.state, spent)
      assert.deepStrictEqual(yield* admission.states, places)
      // The limit admits no other call in this minute.
      const other = yield* Effect.forkChild(Effect.flip(kimi.chat({ ...ask("Ho"), max_completion_tokens: 1_000 })))
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* Fiber.join(other))._tag, "AdmissionTimeoutError")
      assert.strictEqual((yield* kimi.chat(small)).text, "answer 1")
    })
  )

  it.effect("makes one call for 100 equal concurrent calls", () =>
    Effect.gen(function* () {
      const host = scripted()
      const kimi = yield* clientOf(host, yield* cached())
      const release = host.hold()
      const plain = yield* Effect.forkChild(
        Effect.forEach(Array.from({ length: 50 }), () => kimi.chat(ask()), { concurrency: "unbounded" })
      )
      const streams = yield* Effect.forkChild(
        Effect.forEach(Array.from({ length: 50 }), () => Stream.runCollect(kimi.stream(ask())), {
          concurrency: "unbounded"
        })
      )
      yield* Effect.yieldNow
      yield* TestClock.adjust(0)
      yield* release
      const answers = yield* Fiber.join(plain)
      const read = yield* Fiber.join(streams)
      assert.strictEqual(host.calls.chats + host.calls.streams, 1)
      assert.isTrue(answers.every(({ text }) => text === "answer 1"))
      const marks = [...answers.map((answer) => answer.cached), ...read.map(markOf)]
      assert.strictEqual(marks.filter((mark) => mark === undefined).length, 1)
      assert.strictEqual(marks.filter((mark) => mark?.level === "flight").length, 99)
    })
  )

  it.effect("returns the entry of a stream for an equal chat", () =>
    Effect.gen(function* () {
      const host = scripted()
      const kimi = yield* clientOf(host, yield* cached())
      yield* Stream.runDrain(kimi.stream(ask()))
      assert.strictEqual((yield* kimi.chat(ask())).text, "answer 1")
      assert.deepStrictEqual(host.calls, { chats: 0, streams: 1 })
    })
  )

  it.effect("replays the entry of a chat for an equal stream", () =>
    Effect.gen(function* () {
      const host = scripted()
      const kimi = yield* clientOf(host, yield* cached())
      yield* kimi.chat(ask())
      const events = yield* Stream.runCollect(kimi.stream(ask()))
      const texts = events.flatMap((event) => (event._tag === "TextDelta" ? [event.text] : []))
      assert.deepStrictEqual([texts.join(""), events.at(-1)?._tag], ["answer 1", "Finish"])
      assert.deepStrictEqual(host.calls, { chats: 1, streams: 0 })
    })
  )

  it.effect("continues a shared call when the deadline of one caller passes", () =>
    Effect.gen(function* () {
      const host = scripted()
      const given = yield* cached()
      const short = yield* clientOf(host, given, { options: { deadline: "1 second" } })
      const long = yield* clientOf(host, given, { options: { deadline: "1 minute" } })
      const release = host.hold()
      const first = yield* Effect.forkChild(Effect.flip(short.chat(ask())))
      const second = yield* Effect.forkChild(long.chat(ask()))
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* Fiber.join(first))._tag, "DeadlineExceededError")
      yield* release
      assert.strictEqual((yield* Fiber.join(second)).text, "answer 1")
      assert.deepStrictEqual(host.calls, { chats: 1, streams: 0 })
    })
  )

  describe("with the same cache as another client", () => {
    /** How many chats reach the host of a second client after the first client has cached the response. */
    const chatsOf = (host: ReturnType<typeof scripted>, options: KimiConfig.Options = {}) =>
      Effect.gen(function* () {
        const services = yield* cached()
        yield* (yield* clientOf(scripted(), services)).chat(ask())
        yield* (yield* clientOf(host, services, { options })).chat(ask())
        return host.calls.chats
      })

    it.effect("shares entries with the same key for the same base URL", () =>
      Effect.gen(function* () {
        assert.strictEqual(yield* chatsOf(scripted()), 0)
      })
    )

    it.effect("does not share entries with another key", () =>
      Effect.gen(function* () {
        assert.strictEqual(yield* chatsOf(scripted(), { apiKey: Redacted.make("sk-other-0123456789") }), 1)
      })
    )

    it.effect("does not share entries with another base URL", () =>
      Effect.gen(function* () {
        const proxy = { ...providers.moonshot, baseUrl: "https://proxy.example/v1" }
        assert.strictEqual(yield* chatsOf(scripted(proxy)), 1)
      })
    )
  })

  it.effect("does not share entries between tenants", () =>
    Effect.gen(function* () {
      const host = scripted()
      const kimi = yield* clientOf(host, yield* cached())
      yield* kimi.chat(ask())
      yield* kimi.chat(ask()).pipe(CallOptions.provide({ tenant: "acme" }))
      assert.strictEqual(host.calls.chats, 2)
    })
  )

  it.effect("fails with CacheMissError for onlyIfCached without an entry", () =>
    Effect.gen(function* () {
      const host = scripted()
      const kimi = yield* clientOf(host, yield* cached())
      const error = yield* Effect.flip(inCache(kimi.chat(ask())))
      assert.deepInclude({ ...error }, { _tag: "CacheMissError", provider: "moonshot", model: "kimi-k3" })
      const streamError = yield* Effect.flip(inCache(Stream.runDrain(kimi.stream(ask()))))
      assert.strictEqual(streamError._tag, "CacheMissError")
      assert.deepStrictEqual(host.calls, { chats: 0, streams: 0 })
    })
  )

  it.effect("follows the cache mode of each call", () =>
    Effect.gen(function* () {
      const kimi = yield* clientOf(scripted(), yield* cached())
      const chat = (mode: CacheControl.Mode) =>
        Effect.map(kimi.chat(ask()).pipe(CacheControl.provide({ mode })), ({ cached, text }) => [text, cached?.level])
      assert.deepStrictEqual(yield* chat("use"), ["answer 1", undefined])
      assert.deepStrictEqual(yield* chat("bypass"), ["answer 2", undefined])
      assert.deepStrictEqual(yield* chat("use"), ["answer 1", "memory"])
      assert.deepStrictEqual(yield* chat("refresh"), ["answer 3", undefined])
      assert.deepStrictEqual(yield* chat("onlyIfCached"), ["answer 3", "memory"])
    })
  )

  it.effect("follows the time to live of each call", () =>
    Effect.gen(function* () {
      const kimi = yield* clientOf(scripted(), yield* cached())
      yield* kimi.chat(ask()).pipe(CacheControl.provide({ timeToLive: "1 hour" }))
      yield* TestClock.adjust("59 minutes")
      yield* inCache(kimi.chat(ask()))
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* Effect.flip(inCache(kimi.chat(ask()))))._tag, "CacheMissError")
    })
  )

  it.effect("stores entries with the tags of each call", () =>
    Effect.gen(function* () {
      const services = yield* cached()
      const kimi = yield* clientOf(scripted(), services)
      yield* kimi.chat(ask()).pipe(CacheControl.provide({ tags: ["greeting"] }))
      yield* Context.get(services, ResponseCache.ResponseCache).removeTag("greeting")
      assert.strictEqual((yield* Effect.flip(inCache(kimi.chat(ask()))))._tag, "CacheMissError")
    })
  )

  it.effect("stores the response of a fallback for its host only", () =>
    Effect.gen(function* () {
      for (const sharesFallback of [false, true]) {
        const given = yield* cached({ sharesFallback })
        const [moonshot, together] = [scripted(), scripted(providers.together, "moonshotai/Kimi-K2.5")]
        const model = "moonshotai/Kimi-K2.5"
        const kimi = yield* clientOf(moonshot, given, { fallback: [{ transport: together.transport, model }] })
        moonshot.fail(new classes.OverloadedError({ message: "overloaded" }))
        for (const ending of ["plain", "streamed"]) {
          const request = ask(ending)
          const call = ending === "plain" ? kimi.chat(request) : Stream.runDrain(kimi.stream(request))
          yield* call
        }
        assert.strictEqual(together.calls.chats + together.calls.streams, 2)
        moonshot.fail(undefined)
        const [plain, streamed] = [yield* kimi.chat(ask("plain")), yield* kimi.chat(ask("streamed"))]
        assert.deepStrictEqual(
          [plain.provider, streamed.provider],
          sharesFallback ? ["together", "together"] : ["moonshot", "moonshot"]
        )
        // A client of that host finds the response of the fallback.
        const options = { provider: "custom", apiKey: undefined, model } as const
        const direct = yield* clientOf(together, given, { options })
        const found = [yield* direct.chat(ask("plain")), yield* direct.chat(ask("streamed"))]
        assert.deepStrictEqual(
          found.map(({ cached, provider }) => [cached?.level, provider]),
          [
            ["memory", "together"],
            ["memory", "together"]
          ]
        )
      }
    })
  )

  it.effect("records the saved costs by tenant", () =>
    Effect.gen(function* () {
      const host = scripted()
      const given = yield* Layer.build(Layer.merge(ResponseCache.layerMemory(), Accounting.layer))
      const kimi = yield* clientOf(host, given)
      const accounting = Context.get(given, Accounting.Accounting)
      yield* TestClock.setTime(Date.UTC(2026, 10, 1))
      yield* kimi.chat(ask())
      yield* kimi.chat(ask()).pipe(CallOptions.provide({ job: "plain" }))
      yield* Stream.runDrain(kimi.stream(ask())).pipe(CallOptions.provide({ job: "streamed" }))
      const entries = yield* accounting.entries
      const total = Accounting.total(entries)
      assert.deepStrictEqual([total.attempts, total.cached, total.unpriced], [1, 2, 0])
      const [paid, saved] = [total.costs.get("USD"), total.savedByCache.get("USD")]
      if (paid === undefined || saved === undefined) return assert.fail("no costs")
      assert.isTrue(BigDecimal.isPositive(paid))
      assert.strictEqual(BigDecimal.format(saved), BigDecimal.format(BigDecimal.sum(paid, paid)))
      const jobs = Accounting.totalBy(entries, "job")
      assert.deepStrictEqual([jobs.get("plain")?.cached, jobs.get("streamed")?.cached], [1, 1])
    })
  )

  it.effect("describes its options", () =>
    Effect.gen(function* () {
      const kimi = yield* clientOf(scripted(), yield* cached({ timeToLive: "1 hour" }))
      assert.include(kimi.describe().split("\n")[1], "cache: time to live 1h, memory 67108864 bytes, 10000 entries")
    })
  )
})
