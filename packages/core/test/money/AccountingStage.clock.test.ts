import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Stream } from "effect"
import { TestClock } from "effect/testing"
import { jumps, withWallClock } from "../../../../test/support/wallClock.ts"
import type { StreamEvent } from "../../src/models/StreamEvent.ts"
import { withAccounting, withStreamAccounting } from "../../src/money/AccountingStage.ts"
import type { AttemptReservation, Call } from "../../src/pipeline/Call.ts"
import { textDelta } from "../support/responses.ts"

const start: StreamEvent = { _tag: "Start", id: "1", model: "kimi-k3", created: 1 }

const reservation: AttemptReservation = { settle: () => Effect.void }

const call: Call = {
  account: "account",
  provider: "moonshot",
  request: { model: "kimi-k3", messages: [{ role: "user", content: "Hi" }], max_completion_tokens: 500 },
  state: { budget: { reserve: () => Effect.succeed(reservation), lostAttempts: { tokensPerSecond: 100 } } }
}

describe("Accounting stage", () => {
  for (const [name, jump] of jumps) {
    it.effect(`charges a lost attempt for what has passed when the clock is set ${name}`, () =>
      withWallClock((set) =>
        Effect.gen(function* () {
          const charged: Array<number> = []
          const accounting = {
            record: ({ usage }: { readonly usage: { readonly completion_tokens: number } }) =>
              Effect.sync(() => void charged.push(usage.completion_tokens)),
            entries: Effect.succeed([])
          }
          const events = Stream.concat(Stream.make(start, textDelta("hello")), Stream.never)
          const fiber = yield* Effect.forkChild(withAccounting(accounting)(() => Effect.never)(call))
          const reader = yield* Effect.forkChild(Stream.runDrain(withStreamAccounting(accounting)(() => events)(call)))
          yield* TestClock.adjust("1 second")
          set(jump)
          yield* TestClock.adjust("2 seconds")
          yield* Fiber.interruptAll([fiber, reader])
          assert.deepStrictEqual(charged, [300, 300])
        })
      )
    )
  }
})
