/** What the host teaches, and changes of the limits. */
import { ChatResponse } from "@kimi-effect/core/ChatResponse"
import { OverloadedError, RateLimitError } from "@kimi-effect/core/RateLimitErrors"
import type { KimiError } from "@kimi-effect/core/KimiError"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { eventually, exitOf, settle } from "../eventually.ts"
import { equal, failureOf, isTrue } from "../expect.ts"
import { ask, hold, refusalOf, type Service, shortWait, stateOf, type Subject, untilMade, waiting } from "./Subject.ts"

const short = { maxWait: shortWait }

const answer = new ChatResponse({
  id: "chatcmpl-1",
  model: "kimi-k3",
  created: 1,
  choices: [{ index: 0, message: { role: "assistant", content: "hello" }, finish_reason: "stop" }],
  rateStatus: { limit: 10, remaining: 0, reset: 60_000 }
})

const failWith = (admission: Service, error: KimiError) => Effect.exit(admission.guard(ask())(Effect.fail(error)))

const registerChanges = ({ test }: Subject): void => {
  test("admits waiting calls when a limit is raised", { concurrency: 1 }, (admission) =>
    Effect.gen(function* () {
      yield* hold(admission)
      const next = yield* waiting(admission)
      yield* admission.change({ limits: { concurrency: 2 } })
      yield* untilMade(next)
    })
  )

  test("admits no call until the running ones fit a lower limit", { concurrency: 2 }, (admission) =>
    Effect.gen(function* () {
      const [first, second] = [yield* hold(admission), yield* hold(admission)]
      yield* admission.change({ limits: { concurrency: 1 } })
      const next = yield* waiting(admission)
      yield* Deferred.succeed(first.end, "answer")
      yield* eventually(
        Effect.map(stateOf(admission), (state) => state?.inFlight === 1),
        "one call runs"
      )
      yield* settle
      isTrue(!next.isMade(), "the call is made already")
      yield* Deferred.succeed(second.end, "answer")
      yield* untilMade(next)
    })
  )

  test("rejects a change to an invalid limit", { concurrency: 2 }, (admission) =>
    Effect.gen(function* () {
      const change = admission.change({ limits: { concurrency: 0 } })
      equal((yield* failureOf(change, "the change was made"))._tag, "ConfigurationError")
    })
  )
}

export const register = (subject: Subject): void => {
  const { sleep, test } = subject

  test(
    "admits no call for the pause that refusals in a row request",
    {},
    (admission) =>
      Effect.gen(function* () {
        // One refusal may concern its call only.
        const calls = yield* Effect.forEach(Array.from({ length: 10 }), () => hold(admission))
        const busy = new OverloadedError({ message: "busy", retryAfter: Duration.minutes(1) })
        yield* Effect.forEach(calls, ({ end }) => Deferred.fail(end, busy))
        yield* Effect.forEach(calls, ({ fiber }) => exitOf(fiber, "the refused call ends"))
        equal((yield* refusalOf(admission, sleep))._tag, "AdmissionTimeoutError")
      }),
    short
  )

  test("applies the limit that a refusal of the host names", {}, (admission) =>
    Effect.gen(function* () {
      yield* failWith(admission, new RateLimitError({ message: "429", kind: "requests per minute", limit: 3 }))
      equal((yield* stateOf(admission))?.limits.requestsPerMinute, 3)
    })
  )

  test(
    "admits no call when a response reports that none remains",
    {},
    (admission) =>
      Effect.gen(function* () {
        yield* admission.guard(ask())(Effect.succeed(answer))
        equal((yield* refusalOf(admission, sleep))._tag, "AdmissionTimeoutError")
      }),
    short
  )

  registerChanges(subject)
}
