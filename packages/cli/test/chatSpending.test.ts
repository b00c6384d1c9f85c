import { assert, describe, it } from "@effect/vitest"
import * as Accounting from "@kimi-effect/core/Accounting"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { BrokenOutput, Unwritten } from "../src/brokenOutput.ts"
import { ChatSpending } from "../src/chatSpending.ts"

const attempt: Accounting.AttemptUsage = {
  account: "default",
  provider: "moonshot",
  model: "kimi-k3",
  outcome: "failed",
  usage: {
    prompt_tokens: 100,
    completion_tokens: 10,
    total_tokens: 110,
    cached_tokens: 0,
    cache_write_tokens: 0,
    reasoning_tokens: 0
  },
  isEstimate: false
}

/** A call that is interrupted after an attempt. Returns what is kept for the report of the output. */
const costAfter = (isLost: boolean, isOutputBroken: boolean) =>
  Effect.gen(function* () {
    const broken = Deferred.makeUnsafe<NodeJS.ErrnoException>()
    if (isOutputBroken) Deferred.doneUnsafe(broken, Exit.succeed(new Error("EPIPE")))
    const unwritten: Unwritten = { cost: undefined }
    const record = Accounting.recordUsage(yield* Accounting.make, { ...attempt, isLost })
    const spending = new ChatSpending()
    const turns = spending.namedIn(spending.of(Effect.andThen(record, Effect.interrupt)))
    yield* Effect.exit(turns).pipe(
      Effect.provideService(BrokenOutput, broken),
      Effect.provideService(Unwritten, unwritten)
    )
    return unwritten.cost
  })

describe("the cost of a chat that is interrupted", () => {
  it.effect("is kept for the report of an output that cannot be written", () =>
    Effect.gen(function* () {
      // 100 tokens at $3 and 10 at $15 per million.
      assert.strictEqual(yield* costAfter(false, true), "$0.00045")
    })
  )

  it.effect("does not include an attempt whose response was lost", () =>
    Effect.gen(function* () {
      assert.isUndefined(yield* costAfter(true, true))
    })
  )

  it.effect("is not kept after Ctrl-C, since the output of a later turn may fail", () =>
    Effect.gen(function* () {
      assert.isUndefined(yield* costAfter(false, false))
    })
  )
})
