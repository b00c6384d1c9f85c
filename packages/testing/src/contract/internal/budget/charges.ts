/** What is reserved for a call, and what it is charged. */
import { ConnectionRefusedError } from "@kimi-effect/core/NetworkErrors"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { equal } from "../expect.ts"
import { answer, callFor, events, stages, stateOf, type Subject, through, total } from "./Subject.ts"

const registerStreams = ({ test }: Pick<Subject, "test">): void => {
  test("charges what a stream used", total, (budget) =>
    Effect.gen(function* () {
      yield* Stream.runDrain(stages(budget).stream(() => events(9))(callFor(30)))
      equal(yield* stateOf(budget), ["total 9+0/100"])
    })
  )

  test("charges all that a stream may have used when its reader leaves", total, (budget) =>
    Effect.gen(function* () {
      const endless = stages(budget).stream(() => Stream.concat(Stream.take(events(1), 2), Stream.never))
      yield* Stream.runDrain(Stream.take(endless(callFor(30)), 2))
      equal(yield* stateOf(budget), ["total 30+0/100"])
    })
  )
}

export const register = ({ test }: Pick<Subject, "test">): void => {
  test("reserves the worst case of a call while it runs", total, (budget) =>
    Effect.gen(function* () {
      let during: ReadonlyArray<string> = []
      const attempt = Effect.gen(function* () {
        during = yield* Effect.orDie(stateOf(budget))
        return answer(7)
      })
      yield* through(budget, () => attempt)(callFor(30))
      equal(during, ["total 0+30/100"])
    })
  )

  test("charges what a call used", total, (budget) =>
    Effect.gen(function* () {
      yield* through(budget, () => Effect.succeed(answer(7)))(callFor(30))
      equal(yield* stateOf(budget), ["total 7+0/100"])
    })
  )

  registerStreams({ test })

  test("charges nothing for an attempt that never reached the host", total, (budget) =>
    Effect.gen(function* () {
      const refused = new ConnectionRefusedError({ message: "refused" })
      yield* Effect.exit(through(budget, () => Effect.fail(refused))(callFor(30)))
      equal(yield* stateOf(budget), ["total 0+0/100"])
    })
  )

  test("releases everything when no attempt was made", total, (budget) =>
    Effect.gen(function* () {
      yield* budget.stage().effect(() => Effect.succeed(answer(7)))(callFor(30))
      equal(yield* stateOf(budget), ["total 0+0/100"])
    })
  )

  test("charges an attempt that is not settled in full", total, (budget) =>
    Effect.gen(function* () {
      const attempt = budget.stage().effect((call) => {
        const reserved = call.state?.budget?.reserve(call) ?? Effect.die("the call has no budget")
        return Effect.as(reserved, answer(7))
      })
      yield* attempt(callFor(30))
      equal(yield* stateOf(budget), ["total 30+0/100"])
    })
  )

  test("reserves for each further attempt of a call", total, (budget) =>
    Effect.gen(function* () {
      let during: ReadonlyArray<string> = []
      const attempt = budget.stage().effect((call) =>
        Effect.gen(function* () {
          const own = call.state?.budget ?? (yield* Effect.die("the call has no budget"))
          const [first, second] = [yield* own.reserve(call), yield* own.reserve(call)]
          during = yield* Effect.orDie(stateOf(budget))
          yield* Effect.forEach([first, second], ({ settle }) => settle(undefined))
          return answer(7)
        })
      )
      yield* attempt(callFor(30))
      equal(during, ["total 0+60/100"])
    })
  )
}
