/** Runs and their status. */
import * as Effect from "effect/Effect"
import { equal, failureOf } from "../expect.ts"
import { call, claimOne, during, header, join, never, type Subject } from "./Subject.ts"

export const register = ({ test }: Subject): void => {
  test("refuses another header", (journal) =>
    Effect.gen(function* () {
      yield* journal.join("header", header)
      const error = yield* failureOf(journal.join("header", { ...header, digest: "2" }), "it is another program")
      equal(error._tag, "JournalMismatchError")
    }))

  test("refuses a second process on a whole run", (journal) =>
    Effect.gen(function* () {
      yield* journal.run("locked", header)
      equal((yield* failureOf(journal.run("locked", header), "the run is leased"))._tag, "BatchJobLockedError")
    }))

  test("replays a complete run", (journal) =>
    Effect.gen(function* () {
      yield* Effect.scoped(
        Effect.gen(function* () {
          const lease = yield* journal.run("complete", header)
          yield* lease.call(call("k"), Effect.succeed(1))
          yield* lease.complete
        })
      )
      equal(yield* (yield* journal.run("complete", header)).call(call("k"), never), 1)
    }))

  test("shows the state of each resource", (journal) =>
    Effect.gen(function* () {
      const worker = yield* join(journal, "states", "a", "b", "c")
      const [first] = yield* worker.claim({ limit: 2 })
      if (first !== undefined) yield* first.complete
      const status = yield* journal.status("states")
      equal(
        status?.resources.map(({ state }) => state),
        ["Completed", "Leased", "Waiting"]
      )
    }))

  test("returns the results of each resource in their order", (journal) =>
    Effect.gen(function* () {
      const worker = yield* join(journal, "results", "a")
      const lease = yield* claimOne(worker)
      yield* lease.call(call("2"), Effect.succeed(1))
      yield* lease.call(call("1"), Effect.succeed(2))
      equal(yield* journal.results("results", "a"), [
        { key: "2", digest: "d", json: "1" },
        { key: "1", digest: "d", json: "2" }
      ])
      equal(yield* journal.results("results", "b"), [])
    }))

  test("has no status of a run that does not exist", (journal) =>
    Effect.map(journal.status("missing"), (status) => equal(status, undefined)))

  test("shows that a run was cancelled", (journal) =>
    Effect.gen(function* () {
      yield* journal.join("cancelled", header)
      yield* journal.cancel("cancelled")
      equal((yield* journal.status("cancelled"))?.isCancelled, true)
    }))

  test("keeps runs apart", (journal) =>
    Effect.gen(function* () {
      yield* during(journal, "one", (lease) => lease.call(call("k"), Effect.succeed(1)))
      equal(yield* during(journal, "other", (lease) => lease.call(call("k"), Effect.succeed(2))), 2)
    }))
}
