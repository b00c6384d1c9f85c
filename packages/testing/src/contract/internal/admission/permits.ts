/** How many attempts are made at once. */
import { ServerError } from "@kimi-effect/core/ProviderErrors"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import { equal, isTrue } from "../expect.ts"
import { ask, hold, stateOf, type Subject, untilMade, untilState, waiting } from "./Subject.ts"

const broken = new ServerError({ message: "broken" })
const one = { concurrency: 1 }

const registerEnds = ({ test }: Subject): void => {
  const ends = [
    ["succeeds", Exit.succeed("answer")],
    ["fails", Exit.fail(broken)],
    ["dies", Exit.die("defect")]
  ] as const
  for (const [how, exit] of ends) {
    test(`admits the next call when one ${how}`, one, (admission) =>
      Effect.gen(function* () {
        const { end } = yield* hold(admission)
        const next = yield* waiting(admission)
        yield* Deferred.done(end, exit)
        yield* untilMade(next)
      })
    )
  }

  test("admits the next call when one is interrupted", one, (admission) =>
    Effect.gen(function* () {
      const { fiber } = yield* hold(admission)
      const next = yield* waiting(admission)
      yield* Fiber.interrupt(fiber)
      yield* untilMade(next)
    })
  )

  test("admits the next call when one is interrupted while it waits", one, (admission) =>
    Effect.gen(function* () {
      const { end } = yield* hold(admission)
      yield* Fiber.interrupt((yield* waiting(admission)).fiber)
      yield* Deferred.succeed(end, "answer")
      yield* untilMade(yield* waiting(admission))
    })
  )
}

export const register = (subject: Subject): void => {
  const { test } = subject

  test("passes on the result of an attempt", one, (admission) =>
    Effect.gen(function* () {
      equal(yield* admission.guard(ask())(Effect.succeed("answer")), "answer")
      equal(yield* Effect.exit(admission.guard(ask())(Effect.fail(broken))), Exit.fail(broken))
    })
  )

  test("makes an admitted attempt once", one, (admission) =>
    Effect.gen(function* () {
      let attempts = 0
      const count = Effect.sync(() => {
        attempts += 1
      })
      yield* admission.guard(ask())(count)
      yield* Effect.exit(admission.guard(ask())(Effect.andThen(count, Effect.fail(broken))))
      equal(attempts, 2)
    })
  )

  test("makes only as many attempts at once as its concurrency", { concurrency: 2 }, (admission) =>
    Effect.gen(function* () {
      yield* hold(admission)
      yield* hold(admission)
      const third = yield* waiting(admission)
      yield* untilState(admission, { inFlight: 2, waiting: 1 })
      isTrue(!third.isMade(), "the call is made already")
    })
  )

  registerEnds(subject)

  test("separates accounts", one, (admission) =>
    Effect.gen(function* () {
      yield* hold(admission)
      yield* untilMade(yield* waiting(admission, ask(1, "other")))
    })
  )

  test("holds an acquired permit until it is released", one, (admission) =>
    Effect.gen(function* () {
      const permit = yield* Effect.uninterruptibleMask((restore) => admission.acquire(ask(), restore))
      const next = yield* waiting(admission)
      isTrue(!next.isMade(), "the call is made already")
      yield* permit.release("success")
      yield* untilMade(next)
    })
  )

  test("releases an acquired permit only once", one, (admission) =>
    Effect.gen(function* () {
      const permit = yield* Effect.uninterruptibleMask((restore) => admission.acquire(ask(), restore))
      yield* permit.release("success")
      const { end } = yield* hold(admission)
      yield* permit.release("success")
      const next = yield* waiting(admission)
      isTrue(!next.isMade(), "the call is made already")
      yield* Deferred.succeed(end, "answer")
      yield* untilMade(next)
    })
  )

  test("reports how many calls run", { concurrency: 2 }, (admission) =>
    Effect.gen(function* () {
      yield* hold(admission)
      yield* hold(admission)
      equal((yield* stateOf(admission))?.inFlight, 2)
    })
  )
}
