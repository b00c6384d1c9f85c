/** How many requests and tokens are admitted. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { equal, failureOf, hasMembers, isTrue } from "../expect.ts"
import { account, ask, refusalOf, shortWait, type Subject, untilMade, waiting } from "./Subject.ts"

const short = { maxWait: shortWait }

/** Of two calls in a minute, whose margin is at most half a minute. */
const registerExact = ({ sleep, test }: Subject): void => {
  test("admits a call when earlier ones are over a minute ago", { requestsPerMinute: 1 }, (admission) =>
    Effect.gen(function* () {
      yield* admission.guard(ask())(Effect.void)
      const call = yield* waiting(admission)
      yield* sleep(59_999)
      isTrue(!call.isMade(), "the call is made already")
      yield* sleep(30_001)
      yield* untilMade(call)
    })
  )
}

export const register = (subject: Subject): void => {
  const { sleep, test } = subject

  test("refuses a call that exceeds a limit by itself", { tokensPerMinute: 100 }, (admission) =>
    Effect.gen(function* () {
      const error = yield* failureOf(admission.guard(ask(101))(Effect.void), "the call was admitted")
      hasMembers(error, { _tag: "AdmissionLimitError", account, kind: "tokens per minute", limit: 100, tokens: 101 })
    })
  )

  test(
    "admits no more requests in a minute than its limit",
    { requestsPerMinute: 2 },
    (admission) =>
      Effect.gen(function* () {
        for (let i = 0; i < 2; i += 1) yield* admission.guard(ask())(Effect.void)
        equal((yield* refusalOf(admission, sleep))._tag, "AdmissionTimeoutError")
      }),
    short
  )

  test(
    "reports to a refused call how long it would have to wait",
    { requestsPerMinute: 1 },
    (admission) =>
      Effect.gen(function* () {
        yield* admission.guard(ask())(Effect.void)
        const { retryAfter } = yield* refusalOf(admission, sleep)
        const wait = Duration.toSeconds(retryAfter ?? Duration.zero)
        isTrue(wait > 30 && wait <= 120, `the wait is ${wait} seconds`)
      }),
    short
  )

  for (const [period, limits] of [
    ["a minute", { tokensPerMinute: 100 }],
    ["a day", { tokensPerDay: 100 }]
  ] as const) {
    test(
      `admits no more tokens in ${period} than its limit`,
      limits,
      (admission) =>
        Effect.gen(function* () {
          yield* admission.guard(ask(60))(Effect.void)
          equal((yield* refusalOf(admission, sleep, ask(41)))._tag, "AdmissionTimeoutError")
          yield* untilMade(yield* waiting(admission, ask(40)))
        }),
      short
    )
  }

  if (subject.isExact) registerExact(subject)
}
