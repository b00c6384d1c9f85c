/** Which attempts are made. */
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import { start } from "../eventually.ts"
import { equal, hasMembers, isTrue } from "../expect.ts"
import {
  broken,
  fail,
  failures,
  key,
  open,
  openDuration,
  otherKey,
  rejectionOf,
  type Subject,
  succeed,
  tagOf
} from "./Subject.ts"

export const register = ({ test, sleep, isExact }: Subject): void => {
  test("passes on the result of a permitted attempt", (circuits) =>
    Effect.gen(function* () {
      equal(yield* succeed(circuits), "answer")
      equal(yield* Effect.exit(circuits.guard(key)(Effect.fail(broken))), Exit.fail(broken))
    }))

  test("makes a permitted attempt once", (circuits) =>
    Effect.gen(function* () {
      let attempts = 0
      const count = Effect.sync(() => {
        attempts += 1
      })
      yield* circuits.guard(key)(count)
      yield* Effect.exit(circuits.guard(key)(Effect.andThen(count, Effect.fail(broken))))
      equal(attempts, 2)
    }))

  test("opens after the configured number of failures in a row", (circuits) =>
    Effect.gen(function* () {
      yield* fail(circuits, failures - 1)
      equal(yield* tagOf(circuits), "Closed")
      yield* fail(circuits)
      equal(yield* tagOf(circuits), "Open")
    }))

  test("starts a new row of failures after a success", (circuits) =>
    Effect.gen(function* () {
      yield* fail(circuits, failures - 1)
      yield* succeed(circuits)
      yield* fail(circuits, failures - 1)
      equal(yield* tagOf(circuits), "Closed")
    }))

  test("makes no attempt while a circuit is open", (circuits) =>
    Effect.gen(function* () {
      yield* open(circuits)
      let isMade = false
      const exit = yield* Effect.exit(
        circuits.guard(key)(
          Effect.sync(() => {
            isMade = true
          })
        )
      )
      equal([Exit.isFailure(exit), isMade], [true, false])
    }))

  test("rejects with the key, the state, the remaining wait", (circuits) =>
    Effect.gen(function* () {
      yield* open(circuits)
      if (isExact) yield* sleep(4_000)
      const error = yield* rejectionOf(circuits)
      hasMembers(error, { _tag: "CircuitOpenError", key, state: "open" })
      const wait = Duration.toMillis(error.retryAfter ?? Duration.zero)
      const longest = Duration.toMillis(openDuration)
      if (isExact) equal(wait, longest - 4_000)
      else isTrue(wait > 0 && wait <= longest, `the remaining wait is ${wait} of ${longest} milliseconds`)
    }))

  test("separates the circuits of keys", (circuits) =>
    Effect.gen(function* () {
      yield* open(circuits)
      equal(yield* succeed(circuits, otherKey), "answer")
    }))

  test("does not count an attempt that began before a reset", (circuits) =>
    Effect.gen(function* () {
      yield* fail(circuits, failures - 1)
      const begun = yield* Deferred.make<void>()
      const end = yield* Deferred.make<never, typeof broken>()
      const fiber = yield* start(
        circuits.guard(key)(Effect.andThen(Deferred.succeed(begun, undefined), Deferred.await(end)))
      )
      yield* Deferred.await(begun)
      yield* circuits.reset(key)
      yield* fail(circuits, failures - 1)
      yield* Deferred.fail(end, broken)
      yield* Fiber.await(fiber)
      equal(yield* tagOf(circuits), "Closed")
    }))
}
