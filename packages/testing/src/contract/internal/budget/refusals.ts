/** Which calls are refused. */
import * as CallOptions from "@kimi-effect/core/CallOptions"
import type { BudgetExceededError } from "@kimi-effect/core/MoneyErrors"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import { eventually, exitOf, settle, start } from "../eventually.ts"
import { equal, failureOf, hasMembers, isTrue } from "../expect.ts"
import { answer, callFor, refusalText, type Service, stateOf, type Subject, through, total } from "./Subject.ts"

const asked = (budget: Service, dollars: number, used = 10) =>
  through(budget, () => Effect.succeed(answer(used)))(callFor(dollars))

const refusalOf = (budget: Service, dollars: number) =>
  Effect.map(failureOf(asked(budget, dollars), "the call was made"), (error) => error as BudgetExceededError)

/** A call that runs until the gate opens. */
const running = (budget: Service, dollars: number) =>
  Effect.gen(function* () {
    const [begun, gate] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
    const attempt = Deferred.succeed(begun, undefined).pipe(Effect.andThen(Deferred.await(gate)), Effect.as(answer(10)))
    const fiber = yield* start(through(budget, () => attempt)(callFor(dollars)))
    return { fiber, gate, isMade: Deferred.isDone(begun) }
  })

const registerWaits = ({ sleep, test }: Subject): void => {
  test(
    "makes a waiting call when running ones have settled",
    total,
    (budget) =>
      Effect.gen(function* () {
        const first = yield* running(budget, 90)
        yield* eventually(first.isMade, "the first call is made")
        const second = yield* running(budget, 80)
        yield* settle
        isTrue(!(yield* second.isMade), "the second call is made")
        yield* Deferred.succeed(first.gate, undefined)
        yield* eventually(second.isMade, "the waiting call is made")
      }),
    { maxWait: Duration.minutes(1) }
  )

  test(
    "refuses a waiting call after the longest wait",
    total,
    (budget) =>
      Effect.gen(function* () {
        const first = yield* running(budget, 90)
        yield* eventually(first.isMade, "the first call is made")
        const second = yield* running(budget, 80)
        yield* settle
        yield* sleep(300)
        const exit = yield* exitOf(second.fiber, "the waiting call is refused")
        hasMembers(yield* failureOf(exit, "the call was made"), { _tag: "BudgetExceededError" })
      }),
    { maxWait: Duration.millis(300) }
  )
}

const registerScopes = ({ test }: Pick<Subject, "test">): void => {
  test(
    "counts a call in all of its scopes or in none",
    [...total, { per: ["job"], amount: "20", currency: "USD" }],
    (budget) =>
      Effect.gen(function* () {
        const inJob = CallOptions.provide({ job: "nightly" })
        yield* inJob(asked(budget, 20))
        equal((yield* inJob(refusalOf(budget, 11))).scope, "job:nightly")
        equal(yield* stateOf(budget), ["job:nightly 10+0/20", "total 10+0/100"])
      })
  )

  test("separates the amounts of tenants", [{ per: ["tenant"], amount: "20", currency: "USD" }], (budget) =>
    Effect.gen(function* () {
      yield* CallOptions.provide({ tenant: "acme" })(asked(budget, 20, 20))
      isTrue(
        Exit.isSuccess(yield* Effect.exit(CallOptions.provide({ tenant: "globex" })(asked(budget, 20)))),
        "the call failed"
      )
    })
  )
}

export const register = (subject: Subject): void => {
  const { test } = subject

  test("makes no attempt of a call that exceeds the cap", total, (budget) =>
    Effect.gen(function* () {
      let isMade = false
      const attempt = Effect.sync(() => {
        isMade = true
        return answer(7)
      })
      const exit = yield* Effect.exit(through(budget, () => attempt)(callFor(101)))
      equal([Exit.isFailure(exit), isMade], [true, false])
    })
  )

  test("names the scope with the amounts of a refusal", total, (budget) =>
    Effect.gen(function* () {
      yield* asked(budget, 50, 7)
      equal(refusalText(yield* refusalOf(budget, 94)), "BudgetExceededError total USD 100 7 0 94")
    })
  )

  test("makes a call that fits exactly", total, (budget) =>
    Effect.gen(function* () {
      yield* asked(budget, 50, 7)
      isTrue(Exit.isSuccess(yield* Effect.exit(asked(budget, 93))), "the call failed")
    })
  )

  test("exceeds no cap with concurrent calls", total, (budget) =>
    Effect.gen(function* () {
      const calls = yield* Effect.forEach(Array.from({ length: 9 }), () => running(budget, 30), {
        concurrency: "unbounded"
      })
      const made = Effect.map(
        Effect.forEach(calls, ({ isMade }) => isMade),
        (all) => all.filter(Boolean).length
      )
      const refused = Effect.sync(() => calls.filter(({ fiber }) => fiber.pollUnsafe() !== undefined).length)
      yield* eventually(
        Effect.zipWith(made, refused, (running, ended) => running + ended === 9),
        "every call is made or refused"
      )
      isTrue((yield* made) === 3, `${yield* made} calls of 30 dollars run under a cap of 100`)
      yield* Effect.forEach(calls, ({ fiber, gate }) =>
        Effect.andThen(Deferred.succeed(gate, undefined), Fiber.await(fiber))
      )
    })
  )

  registerScopes(subject)
  registerWaits(subject)
}
