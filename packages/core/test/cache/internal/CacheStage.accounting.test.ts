import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as CacheControl from "../../../src/cache/CacheControl.ts"
import * as CallOptions from "../../../src/CallOptions.ts"
import type { StreamEvent } from "../../../src/models/StreamEvent.ts"
import type * as Accounting from "../../../src/money/Accounting.ts"
import { call, callOf, finish, host, makeMemory, response, start, text } from "../support/cache.ts"

const usage = response("a").usage ?? assert.fail("no usage")
const answer: ReadonlyArray<StreamEvent> = [start, text("Hel"), text("lo"), { _tag: "Usage", usage }, finish]

/** Both stages of a cache with a book, and what is entered into it. */
const make = Effect.map(makeMemory(), (cache) => {
  const bills: Array<Accounting.AttemptUsage> = []
  const book: Accounting.Accounting["Service"] = {
    record: (bill) => Effect.sync(() => void bills.push(bill)),
    entries: Effect.succeed([])
  }
  const upstream = host()
  const stage = cache.stage({ accounting: book })
  return { bills, upstream, chat: stage.effect(upstream.attempt), stream: stage.stream(() => Stream.fromArray(answer)) }
})

const expected = (job: string): Omit<Accounting.AttemptUsage, "usage"> => ({
  account: "moonshot",
  provider: "moonshot",
  model: "kimi-k3",
  outcome: "cached",
  isEstimate: false,
  tags: { tenant: "", job, agent: "" }
})

const facts = (bill: Accounting.AttemptUsage) => {
  const { usage: _, ...rest } = bill
  return rest
}

describe("CacheStage with an account book", () => {
  it.effect("enters what a hit saved and for whom, and not what was asked for", () =>
    Effect.gen(function* () {
      const { bills, chat } = yield* make
      yield* chat(call).pipe(CallOptions.provide({ job: "first" }))
      assert.deepStrictEqual(bills, [])
      yield* chat(call).pipe(CallOptions.provide({ job: "second" }))
      yield* chat(call).pipe(CallOptions.provide({ job: "third" }), CacheControl.provide({ mode: "onlyIfCached" }))
      for (const mode of ["bypass", "refresh"] as const) yield* chat(call).pipe(CacheControl.provide({ mode }))
      assert.deepStrictEqual(bills.map(facts), [expected("second"), expected("third")])
      assert.deepInclude(bills[0]?.usage, { prompt_tokens: usage.prompt_tokens })
    })
  )

  it.effect("enters the calls that joined another one", () =>
    Effect.gen(function* () {
      const { bills, chat, upstream } = yield* make
      const release = upstream.hold()
      const calls = yield* Effect.forEach(["one", "two", "three"], (job) =>
        Effect.forkChild(chat(call).pipe(CallOptions.provide({ job })), { startImmediately: true })
      )
      yield* TestClock.adjust(0)
      yield* release
      yield* Effect.forEach(calls, Fiber.join)
      assert.deepStrictEqual(bills.map(({ tags }) => tags?.job).toSorted(), ["three", "two"])
    })
  )

  it.effect("enters a stream that is a hit, once", () =>
    Effect.gen(function* () {
      const { bills, stream } = yield* make
      const events = yield* Stream.runCollect(stream(call))
      assert.deepStrictEqual([events.length, bills.length], [answer.length, 0])
      yield* Stream.runDrain(stream(call))
      assert.deepStrictEqual(facts(bills.at(-1) ?? assert.fail("nothing was entered")), expected(""))
      assert.deepInclude(bills.at(-1)?.usage, { prompt_tokens: usage.prompt_tokens })
      yield* Stream.runDrain(stream(call))
      assert.strictEqual(bills.length, 2)
    })
  )

  it.effect("enters nothing of an answer whose use nobody told", () =>
    Effect.gen(function* () {
      const { bills, chat, upstream } = yield* make
      upstream.answer(() => {
        const { usage: _, ...members } = response("a")
        return Object.assign(Object.create(Object.getPrototypeOf(response("a"))), members)
      })
      yield* chat(callOf("untold"))
      assert.strictEqual((yield* chat(callOf("untold"))).cached?.level, "memory")
      assert.deepStrictEqual(bills, [])
    })
  )
})
