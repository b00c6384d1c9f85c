/** Which outcomes of attempts count, and for how long they open a circuit. */
import { RateLimitError } from "@kimi-effect/core/RateLimitErrors"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { start } from "../eventually.ts"
import { equal, isTrue } from "../expect.ts"
import {
  brokenForLong,
  failures,
  key,
  open,
  openDuration,
  otherKey,
  rejectionOf,
  type Subject,
  tagOf
} from "./Subject.ts"

export const register = ({ test }: Pick<Subject, "test">): void => {
  test("does not count errors for which the host is not to blame", (circuits) =>
    Effect.gen(function* () {
      const limited = new RateLimitError({ message: "429", kind: "unknown" })
      for (let i = 0; i < failures; i += 1) yield* Effect.exit(circuits.guard(key)(Effect.fail(limited)))
      equal(yield* tagOf(circuits), "Closed")
    }))

  test("counts the errors that the caller classifies as failures", (circuits) =>
    Effect.gen(function* () {
      const guard = circuits.guard<string>(key, {
        isFailure: (error) => error === "fatal",
        retryAfter: () => undefined
      })
      for (let i = 0; i < failures; i += 1) yield* Effect.exit(guard(Effect.fail("harmless")))
      equal(yield* tagOf(circuits), "Closed")
      for (let i = 0; i < 2 * failures; i += 1) yield* Effect.exit(guard(Effect.fail("fatal")))
      equal(yield* tagOf(circuits), "Open")
    }))

  test("does not count defects", (circuits) =>
    Effect.gen(function* () {
      for (let i = 0; i < failures; i += 1) yield* Effect.exit(circuits.guard(key)(Effect.die("defect")))
      equal(yield* tagOf(circuits), "Closed")
    }))

  test("does not count interrupted attempts", (circuits) =>
    Effect.gen(function* () {
      for (let i = 0; i < failures; i += 1) {
        const begun = yield* Deferred.make<void>()
        const attempt = Effect.andThen(Deferred.succeed(begun, undefined), Effect.never)
        const fiber = yield* start(circuits.guard(key)(attempt))
        yield* Deferred.await(begun)
        yield* Fiber.interrupt(fiber)
      }
      equal(yield* tagOf(circuits), "Closed")
    }))

  test("stays open for the wait that a failure requests", (circuits) =>
    Effect.gen(function* () {
      yield* open(circuits, brokenForLong)
      const wait = (yield* rejectionOf(circuits)).retryAfter ?? Duration.zero
      isTrue(Duration.isGreaterThan(wait, openDuration), `the remaining wait is ${Duration.format(wait)}`)
    }))

  test("counts the outcomes that are recorded on permits", (circuits) =>
    Effect.gen(function* () {
      const failOnce = Effect.flatMap(circuits.acquire(otherKey), (permit) => permit.record("failure"))
      for (let i = 0; i < 2 * failures; i += 1) yield* Effect.exit(Effect.uninterruptible(failOnce))
      equal(yield* tagOf(circuits, otherKey), "Open")
    }))
}
