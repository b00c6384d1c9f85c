import { assert, describe, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import type { StreamEvent } from "../../src/models/StreamEvent.ts"
import * as StreamFold from "../../src/models/StreamFold.ts"
import * as TokenCount from "../../src/TokenCount.ts"
import type { Call } from "../../src/pipeline/Call.ts"
import { type Options, withStreamRecovery } from "../../src/resilience/StreamRecovery.ts"
import {
  broken,
  call,
  estimated,
  finish,
  lost,
  type Play,
  piece,
  script,
  start,
  text,
  thought,
  tokens,
  used,
  watch,
  whole
} from "./support/recovery.ts"

/** 100 tokens by estimate. */
const long = "x".repeat(348)
const recover = (mode: Options["mode"], plays: ReadonlyArray<Play>, asked: Call = call) => {
  const { attempt, calls } = script(...plays)
  const stream = withStreamRecovery({ mode, maxRecoveries: 2, isContinuationSupported: () => true })(attempt)(asked)
  return { calls, stream }
}
const usageOf = (seen: ReadonlyArray<StreamEvent>) => seen.filter((event) => event._tag === "Usage")

describe("the usage of a recovered stream", () => {
  it.effect("is the sum before the end with an estimate for the broken attempt", () =>
    Effect.gen(function* () {
      const { stream } = recover("regenerate", [
        broken(lost, start(), thought("y".repeat(33)), text(long), piece("z".repeat(68))),
        whole(start(1), text("b"), used(tokens(40, 7, 3, 32)), finish)
      ])
      const { seen } = yield* watch(stream)
      assert.deepStrictEqual(usageOf(seen), [estimated(tokens(80, 10 + 100 + 20 + 7, 13, 32))])
      assert.strictEqual(seen.at(-2)?._tag, "Usage")
    })
  )

  it.effect("is exact if every attempt reported its usage", () =>
    Effect.gen(function* () {
      const { stream } = recover("regenerate", [
        broken(lost, start(), text(long), used({ ...tokens(40, 90, 1, 8), cache_write_tokens: 5 })),
        whole(start(1), text("b"), used({ ...tokens(41, 7, 3, 32), cache_write_tokens: 6 }), finish)
      ])
      const { seen } = yield* watch(stream)
      const sum = { ...tokens(81, 97, 4, 40), cache_write_tokens: 11 }
      assert.deepStrictEqual(usageOf(seen).slice(1), [used(sum)])
      assert.deepStrictEqual(StreamFold.fold(seen).pipe(Option.getOrUndefined)?.usage, sum)
    })
  )

  it.effect("is an estimate if an attempt reported an estimate", () =>
    Effect.gen(function* () {
      const { stream } = recover("regenerate", [
        broken(lost, start(), text("a"), used(tokens(1, 1))),
        whole(start(1), text("b"), estimated(tokens(2, 2)), finish)
      ])
      assert.deepStrictEqual(usageOf((yield* watch(stream)).seen).at(-1), estimated(tokens(3, 3)))
    })
  )

  it.effect("is an estimate if no attempt reports its usage", () =>
    Effect.gen(function* () {
      const { stream } = recover("regenerate", [
        broken(lost, start(), text(long)),
        broken(lost, start(1), text(long), text(long)),
        whole(start(2), text(long), finish)
      ])
      const { seen } = yield* watch(stream)
      const prompt = TokenCount.ofPrompt(call.request)
      assert.deepStrictEqual(usageOf(seen), [estimated(tokens(3 * prompt, 100 + 199 + 100))])
      assert.strictEqual(seen.at(-2)?._tag, "Usage")
    })
  )

  it.effect("excludes the partial response from the prompt of the first attempt", () =>
    Effect.gen(function* () {
      const { calls, stream } = recover("continue", [
        broken(lost, start(), text(long)),
        whole(start(1), text("b"), used(tokens(150, 7)), finish)
      ])
      const { seen } = yield* watch(stream)
      const message = TokenCount.ofPrompt(calls[1]?.request ?? call.request) - TokenCount.ofPrompt(call.request)
      assert.isAtLeast(message, 100)
      assert.deepStrictEqual(usageOf(seen), [estimated(tokens(150 + (150 - message), 107))])
    })
  )

  it.effect("never counts a negative prompt", () =>
    Effect.gen(function* () {
      const { stream } = recover("continue", [
        broken(lost, start(), text(long)),
        whole(start(1), text("b"), used(tokens(5, 7)), finish)
      ])
      assert.deepStrictEqual(usageOf((yield* watch(stream)).seen), [estimated(tokens(5, 107))])
    })
  )

  it.effect("is that of the host if nothing broke", () =>
    Effect.gen(function* () {
      const events = [start(), text("a"), used(tokens(1, 2)), finish]
      assert.deepStrictEqual((yield* watch(recover("regenerate", [whole(...events)]).stream)).seen, events)
      const silent = [start(), text("a"), finish]
      assert.deepStrictEqual((yield* watch(recover("regenerate", [whole(...silent)]).stream)).seen, silent)
    })
  )
})

describe("the fold of a recovered stream", () => {
  const answer = (id: number, usage = tokens(40, 9)) => [
    start(id),
    thought("Hm"),
    text("Hello"),
    text(" there"),
    used(usage),
    finish
  ]

  it.effect("is that of the new stream after a reset, except for usage", () =>
    Effect.gen(function* () {
      for (const position of [2, 3, 4]) {
        const { stream } = recover("regenerate", [broken(lost, ...answer(0).slice(0, position)), whole(...answer(1))])
        const folded = yield* StreamFold.collect(stream)
        const { stream: uninterrupted } = recover("regenerate", [whole(...answer(1, folded.usage))])
        assert.deepStrictEqual(folded, yield* StreamFold.collect(uninterrupted))
      }
    })
  )

  it.effect("is that of the uninterrupted stream after a continuation, except for usage", () =>
    Effect.gen(function* () {
      const { stream } = recover("continue", [
        broken(lost, start(), thought("Hm"), text("Hel")),
        broken(lost, start(1), text("lo th")),
        whole(start(2), text("ere"), used(tokens(60, 2)), finish)
      ])
      const folded = yield* StreamFold.collect(stream)
      const { stream: uninterrupted } = recover("regenerate", [whole(...answer(0, folded.usage))])
      assert.deepStrictEqual(folded, yield* StreamFold.collect(uninterrupted))
      assert.isAbove(folded.usage?.prompt_tokens ?? 0, 60)
    })
  )
})
