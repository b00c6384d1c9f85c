/** Leases of resources. */
import * as Effect from "effect/Effect"
import { equal, failureOf, isTrue } from "../expect.ts"
import { call, claimOne, frozen, join, never, type Subject } from "./Subject.ts"

export const register = ({ pass, test }: Subject): void => {
  test("leases a resource to one of several workers", (journal) =>
    Effect.gen(function* () {
      const worker = yield* join(journal, "exclusive", "a")
      const claims = Array.from({ length: 5 }, () => worker.claim({ limit: 1 }))
      equal((yield* Effect.all(claims, { concurrency: "unbounded" })).flat().length, 1)
    }))

  test("leases resources in the order in which they were added", (journal) =>
    Effect.gen(function* () {
      const worker = yield* join(journal, "order", "c", "a", "b")
      const leases = [...(yield* worker.claim({ limit: 2 })), ...(yield* worker.claim({ limit: 2 }))]
      equal(
        leases.map(({ resource }) => resource),
        ["c", "a", "b"]
      )
    }))

  test("leases one resource by its name", (journal) =>
    Effect.gen(function* () {
      const worker = yield* join(journal, "named", "a", "b")
      equal(
        (yield* worker.claim({ limit: 2, resource: "b" })).map(({ resource }) => resource),
        ["b"]
      )
    }))

  test("keeps a lease that is renewed", (journal) =>
    Effect.gen(function* () {
      const worker = yield* join(journal, "renewed", "a")
      yield* claimOne(worker)
      yield* pass
      yield* pass
      equal((yield* worker.claim({ limit: 1 })).length, 0)
    }))

  test("leases a resource again whose worker is frozen", (journal) =>
    Effect.gen(function* () {
      const worker = yield* join(journal, "dead", "a")
      const old = yield* frozen(claimOne(worker))
      yield* pass
      isTrue((yield* claimOne(worker)).epoch > old.epoch, "the epoch is higher")
    }))

  test("gives the next worker what a frozen one has recorded", (journal) =>
    Effect.gen(function* () {
      const worker = yield* join(journal, "inherited", "a")
      const old = yield* frozen(claimOne(worker))
      yield* old.call(call("k"), Effect.succeed(1))
      yield* pass
      equal(yield* (yield* claimOne(worker)).call(call("k"), never), 1)
    }))

  test("refuses writes of an older lease", (journal) =>
    Effect.gen(function* () {
      const worker = yield* join(journal, "fenced", "a")
      const old = yield* frozen(claimOne(worker))
      yield* Effect.exit(old.call(call("k"), Effect.fail("lost")))
      yield* pass
      yield* claimOne(worker)
      const settled = old.resolve(call("k"), { _tag: "Result", result: 1 })
      const error = yield* failureOf(settled, "the lease is over")
      equal(error._tag, "LeaseLostError")
    }))

  test("leases a released resource at once", (journal) =>
    Effect.gen(function* () {
      const worker = yield* join(journal, "released", "a")
      yield* Effect.scoped(claimOne(worker))
      yield* claimOne(worker)
    }))

  test("never leases a completed resource", (journal) =>
    Effect.gen(function* () {
      const worker = yield* join(journal, "completed", "a")
      yield* Effect.scoped(Effect.flatMap(claimOne(worker), ({ complete }) => complete))
      yield* pass
      equal((yield* worker.claim({ limit: 1 })).length, 0)
    }))

  test("reads results without a lease", (journal) =>
    Effect.gen(function* () {
      const worker = yield* join(journal, "read", "a")
      yield* (yield* claimOne(worker)).call(call("k"), Effect.succeed(1))
      equal(yield* (yield* worker.read("a")).call(call("k"), never), 1)
    }))
}
