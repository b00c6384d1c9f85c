/** Whether a run has work left. */
import * as Effect from "effect/Effect"
import { equal } from "../expect.ts"
import { claimOne, join, type Subject } from "./Subject.ts"

export const register = ({ test }: Subject): void => {
  test("is over when every resource is completed", (journal) =>
    Effect.gen(function* () {
      const worker = yield* join(journal, "over", "a", "b")
      for (const isOver of [false, true]) {
        for (const lease of yield* worker.claim({ limit: 1 })) yield* lease.complete
        equal(yield* journal.isOver("over"), isOver)
      }
    }))

  test("is not over while a resource is leased", (journal) =>
    Effect.gen(function* () {
      yield* claimOne(yield* join(journal, "working", "a"))
      equal(yield* journal.isOver("working"), false)
    }))

  test("is over when it was cancelled", (journal) =>
    Effect.gen(function* () {
      yield* join(journal, "ended", "a")
      yield* join(journal, "other", "a")
      yield* journal.cancel("ended")
      equal([yield* journal.isOver("ended"), yield* journal.isOver("other")], [true, false])
    }))

  test("is over when it does not exist", (journal) =>
    Effect.map(journal.isOver("missing"), (isOver) => equal(isOver, true)))
}
