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

/** Both stages of a cache with accounting, and its records. */
const make = Effect.map(makeMemory(), (cache) => {
  const recorded: Array<Accounting.AttemptUsage> = []
  const accounting: Accounting.Accounting["Service"] = {
    record: (attempt) => Effect.sync(() => void recorded.push(attempt)),
    entries: Effect.succeed([])
  }
  const upstream = host()
  const stage = cache.stage({ accounting: accounting })
  return {
    recorded,
    upstream,
    chat: stage.effect(upstream.attempt),
    stream: stage.stream(() => Stream.fromArray(answer))
  }
})

const expected = (job: string): Omit<Accounting.AttemptUsage, "usage"> => ({
  account: "moonshot",
  provider: "moonshot",
  model: "kimi-k3",
  outcome: "cached",
  isEstimate: false,
  tags: { tenant: "", job, agent: "" }
})

const facts = (attempt: Accounting.AttemptUsage) => {
  const { usage: _, ...rest } = attempt
  return rest
}

describe("CacheStage with accounting", () => {
  it.effect("records what a hit saved, with its tags", () =>
    Effect.gen(function* () {
      const { recorded, chat } = yield* make
      yield* chat(call).pipe(CallOptions.provide({ job: "first" }))
      assert.deepStrictEqual(recorded, [])
      yield* chat(call).pipe(CallOptions.provide({ job: "second" }))
      yield* chat(call).pipe(CallOptions.provide({ job: "third" }), CacheControl.provide({ mode: "onlyIfCached" }))
      for (const mode of ["bypass", "refresh"] as const) yield* chat(call).pipe(CacheControl.provide({ mode }))
      assert.deepStrictEqual(recorded.map(facts), [expected("second"), expected("third")])
      assert.deepInclude(recorded[0]?.usage, { prompt_tokens: usage.prompt_tokens })
    })
  )

  it.effect("records calls that joined another one", () =>
    Effect.gen(function* () {
      const { recorded, chat, upstream } = yield* make
      const release = upstream.hold()
      const calls = yield* Effect.forEach(["one", "two", "three"], (job) =>
        Effect.forkChild(chat(call).pipe(CallOptions.provide({ job })), { startImmediately: true })
      )
      yield* TestClock.adjust(0)
      yield* release
      yield* Effect.forEach(calls, Fiber.join)
      assert.deepStrictEqual(recorded.map(({ tags }) => tags?.job).toSorted(), ["three", "two"])
    })
  )

  it.effect("records a streamed hit once", () =>
    Effect.gen(function* () {
      const { recorded, stream } = yield* make
      const events = yield* Stream.runCollect(stream(call))
      assert.deepStrictEqual([events.length, recorded.length], [answer.length, 0])
      yield* Stream.runDrain(stream(call))
      assert.deepStrictEqual(facts(recorded.at(-1) ?? assert.fail("nothing was entered")), expected(""))
      assert.deepInclude(recorded.at(-1)?.usage, { prompt_tokens: usage.prompt_tokens })
      yield* Stream.runDrain(stream(call))
      assert.strictEqual(recorded.length, 2)
    })
  )

  it.effect("records a stream that joined another one once", () =>
    Effect.gen(function* () {
      const cache = yield* makeMemory()
      const recorded: Array<Accounting.AttemptUsage> = []
      const stage = cache.stage({
        accounting: {
          record: (attempt) => Effect.sync(() => void recorded.push(attempt)),
          entries: Effect.succeed([])
        }
      })
      const stream = stage.stream(() => Stream.tap(Stream.fromArray(answer), () => Effect.sleep("1 second")))
      const ask = (job: string) => Effect.forkChild(CallOptions.provide({ job })(Stream.runCollect(stream(call))))
      const readers = [yield* ask("first"), yield* ask("second")]
      yield* TestClock.adjust("1 minute")
      for (const reader of readers) assert.strictEqual((yield* Fiber.join(reader)).length, answer.length)
      assert.deepStrictEqual(recorded.map(facts), [expected("second")])
    })
  )

  it.effect("does not record a response without usage", () =>
    Effect.gen(function* () {
      const { recorded, chat, upstream } = yield* make
      upstream.answer(() => {
        const { usage: _, ...members } = response("a")
        return Object.assign(Object.create(Object.getPrototypeOf(response("a"))), members)
      })
      yield* chat(callOf("untold"))
      assert.strictEqual((yield* chat(callOf("untold"))).cached?.level, "memory")
      assert.deepStrictEqual(recorded, [])
    })
  )
})
