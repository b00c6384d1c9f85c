/** The cache as part of the real client: what a hit touches, what calls share, and what nobody shares. */
import { assert, describe, it } from "@effect/vitest"
import * as CacheControl from "@kimi-effect/core/CacheControl"
import { ResponseCache } from "@kimi-effect/core/ResponseCache"
import * as CallOptions from "@kimi-effect/core/CallOptions"
import { classes } from "@kimi-effect/core/KimiError"
import * as Accounting from "@kimi-effect/core/Accounting"
import * as Budget from "@kimi-effect/core/Budget"
import * as Admission from "@kimi-effect/core/Admission"
import { BigDecimal, Context, Effect, Fiber, Layer, Redacted, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as NodeCache from "../src/node/NodeCache.ts"
import { providers } from "../src/Provider.ts"
import { ask, clientOf, markOf, scripted } from "./support/cachedClient.ts"

const cached = (options?: Parameters<typeof NodeCache.layerMemory>[0]) => Layer.build(NodeCache.layerMemory(options))

const inCache = CacheControl.provide({ mode: "onlyIfCached" })

describe("a client with a cache", () => {
  it.effect("answers from the cache without a call, a permit or costs", () =>
    Effect.gen(function* () {
      const host = scripted()
      const given = yield* Layer.build(
        Layer.mergeAll(
          NodeCache.layerMemory(),
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
      assert.deepStrictEqual(host.asked, { chats: 1, streams: 0 })
      assert.deepStrictEqual(yield* budget.state, spent)
      assert.deepStrictEqual(yield* admission.states, places)
      // The next call that is no hit finds the door closed for this minute.
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
      assert.strictEqual(host.asked.chats + host.asked.streams, 1)
      assert.isTrue(answers.every(({ text }) => text === "answer 1"))
      const marks = [...answers.map((answer) => answer.cached), ...read.map(markOf)]
      assert.strictEqual(marks.filter((mark) => mark === undefined).length, 1)
      assert.strictEqual(marks.filter((mark) => mark?.level === "flight").length, 99)
    })
  )

  it.effect("shares entries between chats and streams", () =>
    Effect.gen(function* () {
      const host = scripted()
      const kimi = yield* clientOf(host, yield* cached())
      yield* Stream.runDrain(kimi.stream(ask("first a stream")))
      assert.strictEqual((yield* kimi.chat(ask("first a stream"))).text, "answer 1")
      yield* kimi.chat(ask("first plain"))
      const events = yield* Stream.runCollect(kimi.stream(ask("first plain")))
      const texts = events.flatMap((event) => (event._tag === "TextDelta" ? [event.text] : []))
      assert.deepStrictEqual([texts.join(""), events.at(-1)?._tag], ["answer 2", "Finish"])
      assert.deepStrictEqual(host.asked, { chats: 1, streams: 1 })
    })
  )

  it.effect("continues a shared call when the deadline of one caller passes", () =>
    Effect.gen(function* () {
      const host = scripted()
      const given = yield* cached()
      const hasty = yield* clientOf(host, given, { options: { deadline: "1 second" } })
      const patient = yield* clientOf(host, given, { options: { deadline: "1 minute" } })
      const release = host.hold()
      const first = yield* Effect.forkChild(Effect.flip(hasty.chat(ask())))
      const second = yield* Effect.forkChild(patient.chat(ask()))
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* Fiber.join(first))._tag, "DeadlineExceededError")
      yield* release
      assert.strictEqual((yield* Fiber.join(second)).text, "answer 1")
      assert.deepStrictEqual(host.asked, { chats: 1, streams: 0 })
    })
  )

  it.effect("does not share entries between keys, base URLs or tenants", () =>
    Effect.gen(function* () {
      const given = yield* cached()
      const elsewhere = { ...providers.moonshot, baseUrl: "https://proxy.example/v1" }
      const [own, sameKey, otherKey, otherAddress] = [scripted(), scripted(), scripted(), scripted(elsewhere)]
      const kimi = yield* clientOf(own, given)
      yield* kimi.chat(ask())
      yield* (yield* clientOf(sameKey, given)).chat(ask())
      assert.strictEqual(sameKey.asked.chats, 0)
      yield* (yield* clientOf(otherKey, given, { options: { apiKey: Redacted.make("sk-other-0123456789") } })).chat(
        ask()
      )
      assert.strictEqual(otherKey.asked.chats, 1)
      yield* (yield* clientOf(otherAddress, given)).chat(ask())
      assert.strictEqual(otherAddress.asked.chats, 1)
      yield* kimi.chat(ask()).pipe(CallOptions.provide({ tenant: "acme" }))
      assert.strictEqual(own.asked.chats, 2)
    })
  )

  it.effect("follows the cache options of each call", () =>
    Effect.gen(function* () {
      const host = scripted()
      const given = yield* cached()
      const kimi = yield* clientOf(host, given)
      const missed = yield* Effect.flip(inCache(kimi.chat(ask())))
      assert.deepInclude({ ...missed }, { _tag: "CacheMissError", provider: "moonshot", model: "kimi-k3" })
      const streamed = yield* Effect.flip(inCache(Stream.runDrain(kimi.stream(ask()))))
      assert.strictEqual(streamed._tag, "CacheMissError")
      assert.deepStrictEqual(host.asked, { chats: 0, streams: 0 })
      const says = (mode: CacheControl.Mode) =>
        Effect.map(
          kimi.chat(ask()).pipe(CacheControl.provide({ mode, timeToLive: "1 hour", tags: ["greeting"] })),
          (answer) => [answer.text, answer.cached?.level]
        )
      assert.deepStrictEqual(yield* says("use"), ["answer 1", undefined])
      assert.deepStrictEqual(yield* says("bypass"), ["answer 2", undefined])
      assert.deepStrictEqual(yield* says("use"), ["answer 1", "memory"])
      assert.deepStrictEqual(yield* says("refresh"), ["answer 3", undefined])
      assert.deepStrictEqual(yield* says("onlyIfCached"), ["answer 3", "memory"])
      yield* TestClock.adjust("1 hour")
      assert.strictEqual((yield* Effect.flip(inCache(kimi.chat(ask()))))._tag, "CacheMissError")
      yield* says("use")
      const cache = Context.get(given, ResponseCache)
      yield* cache.removeTag("greeting")
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
        assert.strictEqual(together.asked.chats + together.asked.streams, 2)
        moonshot.fail(undefined)
        const [plain, streamed] = [yield* kimi.chat(ask("plain")), yield* kimi.chat(ask("streamed"))]
        assert.deepStrictEqual(
          [plain.provider, streamed.provider],
          sharesFallback ? ["together", "together"] : ["moonshot", "moonshot"]
        )
        // A client of that host alone has what the fallback was answered there.
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
      const given = yield* Layer.build(Layer.merge(NodeCache.layerMemory(), Accounting.layer))
      const kimi = yield* clientOf(host, given)
      const book = Context.get(given, Accounting.Accounting)
      yield* TestClock.setTime(Date.UTC(2026, 10, 1))
      yield* kimi.chat(ask())
      yield* kimi.chat(ask()).pipe(CallOptions.provide({ job: "plain" }))
      yield* Stream.runDrain(kimi.stream(ask())).pipe(CallOptions.provide({ job: "streamed" }))
      const entries = yield* book.entries
      const total = Accounting.total(entries)
      assert.deepStrictEqual([total.attempts, total.cached, total.unpriced], [1, 2, 0])
      const [paid, saved] = [total.costs.get("USD"), total.savedByCache.get("USD")]
      if (paid === undefined || saved === undefined) return assert.fail("nothing was paid or saved")
      assert.isTrue(BigDecimal.isPositive(paid))
      assert.strictEqual(BigDecimal.format(saved), BigDecimal.format(BigDecimal.sum(paid, paid)))
      const jobs = Accounting.totalBy(entries, "job")
      assert.deepStrictEqual([jobs.get("plain")?.cached, jobs.get("streamed")?.cached], [1, 1])
    })
  )

  it.effect("describes the cache, on or off", () =>
    Effect.gen(function* () {
      const lineOf = (text: string) => text.split("\n").find((line) => line.startsWith("cache: "))
      const on = yield* clientOf(scripted(), yield* cached({ timeToLive: "1 hour" }))
      assert.strictEqual(lineOf(on.describe()), "cache: ttl 1h, memory 67108864 bytes, 10000 entries, replay at once")
      const off = yield* clientOf(scripted(), Context.empty())
      assert.strictEqual(lineOf(off.describe()), "cache: is off")
      yield* off.chat(ask())
      assert.strictEqual((yield* off.chat(ask())).text, "answer 2")
    })
  )
})
