/** Which waiting calls are admitted, and when they stop waiting. */
import * as CallOptions from "@kimi-effect/core/CallOptions"
import { CircuitOpenError } from "@kimi-effect/core/ResilienceErrors"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import { eventually, exitOf, settle, start } from "../eventually.ts"
import { equal, failureOf, hasMembers, isTrue } from "../expect.ts"
import { account, ask, hold, refusalOf, type Service, shortWait, type Subject, untilState, waiting } from "./Subject.ts"

const one = { concurrency: 1 }

/** The names of calls in the order in which they are admitted after they were queued in the given order. */
const orderOf = (admission: Service, calls: ReadonlyArray<readonly [name: string, options: CallOptions.Options]>) =>
  Effect.gen(function* () {
    const order: Array<string> = []
    const { end } = yield* hold(admission)
    for (const [index, [name, options]] of calls.entries()) {
      const attempt = Effect.sync(() => void order.push(name))
      yield* start(CallOptions.provide(options)(admission.guard(ask())(attempt)))
      yield* untilState(admission, { inFlight: 1, waiting: index + 1 })
    }
    yield* Deferred.succeed(end, "answer")
    yield* eventually(
      Effect.sync(() => order.length === calls.length),
      "every call is admitted"
    )
    return order
  })

export const register = ({ sleep, test }: Subject): void => {
  test("admits waiting calls in the order of their priority", one, (admission) =>
    Effect.gen(function* () {
      const order = yield* orderOf(admission, [
        ["swarm", { priority: "swarm" }],
        ["batch", { priority: "batch" }],
        ["interactive", { priority: "interactive" }]
      ])
      equal(order, ["interactive", "batch", "swarm"])
    })
  )

  test("admits waiting calls of one priority in the order of their arrival", one, (admission) =>
    Effect.gen(function* () {
      const names = ["1", "2", "3"]
      equal(
        yield* orderOf(
          admission,
          names.map((name) => [name, {}] as const)
        ),
        names
      )
    })
  )

  test("admits waiting calls of tenants in turns", one, (admission) =>
    Effect.gen(function* () {
      const order = yield* orderOf(admission, [
        ["acme 1", { tenant: "acme" }],
        ["acme 2", { tenant: "acme" }],
        ["globex 1", { tenant: "globex" }]
      ])
      equal(order, ["acme 1", "globex 1", "acme 2"])
    })
  )

  test(
    "refuses a call when its queue is full",
    one,
    (admission) =>
      Effect.gen(function* () {
        yield* hold(admission)
        for (let i = 0; i < 2; i += 1) yield* waiting(admission)
        yield* untilState(admission, { inFlight: 1, waiting: 2 })
        const { fiber } = yield* waiting(admission)
        const error = yield* failureOf(yield* exitOf(fiber, "the call is refused"), "the call was made")
        hasMembers(error, { _tag: "AdmissionQueueFullError", account, limit: 2 })
      }),
    { maxQueue: 2 }
  )

  test(
    "fails a call that has waited for the longest wait",
    one,
    (admission) =>
      Effect.gen(function* () {
        yield* hold(admission)
        hasMembers(yield* refusalOf(admission, sleep), { _tag: "AdmissionTimeoutError", account, maxWait: shortWait })
      }),
    { maxWait: shortWait }
  )

  test("rejects a waiting call whose circuit has opened", one, (admission) =>
    Effect.gen(function* () {
      const open = new CircuitOpenError({ message: "open", key: "moonshot/kimi-k3", state: "open" })
      const { end } = yield* hold(admission)
      let rejection: CircuitOpenError | undefined
      const { fiber, isMade } = yield* waiting(admission, { ...ask(), watch: () => () => rejection })
      yield* untilState(admission, { inFlight: 1, waiting: 1 })
      rejection = open
      yield* Deferred.succeed(end, "answer")
      equal(yield* failureOf(yield* exitOf(fiber, "the call ends"), "the call was made"), open)
      yield* settle
      isTrue(!isMade(), "the call is made already")
    })
  )
}
