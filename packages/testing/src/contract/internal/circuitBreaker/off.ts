/** Circuits that are off. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { equal } from "../expect.ts"
import { broken, fail, key, type Subject, succeed } from "./Subject.ts"

export const register = ({ test }: Pick<Subject, "test">): void => {
  test("passes on the result of an attempt", (circuits) =>
    Effect.gen(function* () {
      equal(yield* succeed(circuits), "answer")
      equal(yield* Effect.exit(circuits.guard(key)(Effect.fail(broken))), Exit.fail(broken))
    }))

  test("permits every call after any number of failures", (circuits) =>
    Effect.gen(function* () {
      yield* fail(circuits, 100)
      equal(yield* succeed(circuits), "answer")
    }))

  test("permits every call of an isolated circuit", (circuits) =>
    Effect.gen(function* () {
      yield* circuits.isolate(key)
      equal(yield* succeed(circuits), "answer")
    }))

  test("permits a watched call after any number of failures", (circuits) =>
    Effect.gen(function* () {
      const rejected = circuits.watch(key)
      yield* fail(circuits, 100)
      equal(rejected(), undefined)
    }))
}
