/** The resources of a run. */
import * as Effect from "effect/Effect"
import { equal } from "../expect.ts"
import { join, type Subject } from "./Subject.ts"

export const register = ({ test }: Subject): void => {
  test("adds a resource once", (journal) =>
    Effect.gen(function* () {
      const worker = yield* join(journal, "once", "a")
      yield* worker.add(["a", "b"])
      equal((yield* worker.claim({ limit: 9 })).length, 2)
    }))

  test("adds resources after those that it has", (journal) =>
    Effect.gen(function* () {
      const worker = yield* join(journal, "ordered", "b", "a")
      yield* worker.add(["a", "d", "b", "c", "d"])
      yield* worker.add(["0"])
      const leases = yield* worker.claim({ limit: 9 })
      equal(
        leases.map(({ resource }) => resource),
        ["b", "a", "d", "c", "0"]
      )
    }))
}
