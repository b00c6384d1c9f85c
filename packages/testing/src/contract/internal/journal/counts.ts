/** How many results a run has. */
import * as Effect from "effect/Effect"
import { equal } from "../expect.ts"
import { call, claimOne, interrupted, join, type Subject } from "./Subject.ts"

export const register = ({ test }: Subject): void => {
  test("counts the results of a run", (journal) =>
    Effect.gen(function* () {
      const worker = yield* join(journal, "counted", "a")
      const lease = yield* claimOne(worker)
      yield* lease.call(call("1"), Effect.succeed(1))
      yield* lease.call(call("2"), Effect.succeed(1))
      equal((yield* journal.status("counted"))?.calls, 2)
    }))

  test("counts the results of one digest", (journal) =>
    Effect.gen(function* () {
      const worker = yield* join(journal, "digests", "a")
      const lease = yield* claimOne(worker)
      yield* lease.call(call("1"), Effect.succeed(1))
      const digest = "other \0"
      yield* lease.call({ ...call("2"), digest }, Effect.succeed(1))
      yield* lease.call({ ...call("3"), digest }, Effect.succeed(1))
      yield* interrupted(lease, "4")
      equal(yield* journal.count("digests", digest), 2)
      equal(yield* journal.count("digests", "d"), 1)
      equal(yield* journal.count("missing", "d"), 0)
    }))
}
