import { assert, describe, it } from "@effect/vitest"
import { AuthenticationError } from "@kimi-effect/core/AuthenticationErrors"
import type { Call } from "@kimi-effect/core/Call"
import type { ChatResponse } from "@kimi-effect/core/ChatResponse"
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import { ConnectionLostError, ConnectionRefusedError } from "@kimi-effect/core/NetworkErrors"
import type { ChatError } from "@kimi-effect/core/OperationErrors"
import * as Deadline from "@kimi-effect/core/Deadline"
import * as Pipeline from "@kimi-effect/core/Pipeline"
import { RateLimitError } from "@kimi-effect/core/RateLimitErrors"
import * as Retry from "@kimi-effect/core/Retry"
import * as RetryBudget from "@kimi-effect/core/RetryBudget"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as RetryNote from "../src/retryNote.ts"
import { runKimi } from "./runKimi.ts"

const call: Call = { account: "moonshot", provider: "moonshot", request: { model: "kimi-k3", messages: [] } }

const refused = new ConnectionRefusedError({ message: "No connection" })
const lost = new ConnectionLostError({ message: "lost" })
const unauthorized = new AuthenticationError({ message: "wrong key" })
const limited = (seconds: number) =>
  new RateLimitError({ message: "slow", kind: "unknown", retryAfter: Duration.seconds(seconds) })

/** The moments of the reports of one call, whose attempts fail with each error in turn. */
const reports = Effect.fnUntraced(function* (form: "response" | "stream", errors: ReadonlyArray<ChatError>) {
  const times: Array<number> = []
  const left = [...errors]
  const attempt = Effect.suspend(() => {
    const error = left.shift()
    return error === undefined ? Effect.succeed({} as ChatResponse) : Effect.fail(error)
  })
  const options = { ...Retry.fromConfig(KimiConfig.defaults), jitter: "none" } as const
  const edits = RetryNote.edits(() => Effect.map(Clock.currentTimeMillis, (now) => void times.push(now)))
  const retry = Retry.stage(options, yield* RetryBudget.make())
  const stages = yield* Effect.fromResult(Pipeline.applyEdits([retry], edits))
  const run =
    form === "response"
      ? Pipeline.effect(stages, () => attempt)(call)
      : Stream.runDrain(Pipeline.stream(stages, () => Stream.unwrap(Effect.as(attempt, Stream.empty)))(call))
  const fiber = yield* Effect.forkChild(Effect.exit(run))
  yield* TestClock.adjust("1 hour")
  yield* Fiber.join(fiber)
  return times
})

describe.each(["response", "stream"] as const)("the report of a repeated %s", (form) => {
  it.effect("is written once, when the second attempt begins", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* reports(form, [refused, refused, refused]), [500])
    })
  )

  it.effect("is written while the second attempt is waited for", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* reports(form, [limited(20), refused]), [1_000])
    })
  )

  it.effect.each([
    { name: "succeeds at once", errors: [] },
    { name: "fails for good", errors: [unauthorized] },
    { name: "would have to wait for too long", errors: [limited(60)] }
  ])("is not written for a call that $name", ({ errors }) =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* reports(form, errors), [])
    })
  )
})

describe.each(["response", "stream"] as const)("the failure in the report of a repeated %s", (form) => {
  it.effect("has what the first attempt leaves of the deadline", () =>
    Effect.gen(function* () {
      const found: Array<unknown> = []
      let count = 0
      const attempt = Effect.suspend(() =>
        count++ === 0 ? Effect.delay(Effect.fail(refused), "2 seconds") : Effect.succeed({} as ChatResponse)
      )
      const edits = RetryNote.edits((_, { left, took }) => Effect.sync(() => void found.push({ left, took })))
      const retry = Retry.stage(Retry.fromConfig(KimiConfig.defaults), yield* RetryBudget.make())
      const deadline = Deadline.stage(Duration.seconds(10))
      const stages = yield* Effect.fromResult(Pipeline.applyEdits([deadline, retry], edits))
      const run =
        form === "response"
          ? Pipeline.effect(stages, () => attempt)(call)
          : Stream.runDrain(Pipeline.stream(stages, () => Stream.unwrap(Effect.as(attempt, Stream.empty)))(call))
      const fiber = yield* Effect.forkChild(Effect.exit(run))
      yield* TestClock.adjust("1 hour")
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(found, [{ left: 8_000, took: 2_000 }])
    })
  )
})

describe("the text of the report", () => {
  const config = { ...KimiConfig.defaults, maxAttempts: 4, retryJitter: "full" } as KimiConfig.Values
  const left = Number.POSITIVE_INFINITY
  it.each([
    { name: "waits", error: refused, took: 0, expected: "attempt 2 of 4, for up to 4 s if they fail as this one)" },
    { name: "the time of its attempts", error: refused, took: 10_000, expected: "attempt 2 of 4, for up to 34 s if" },
    { name: "the waits that the host requests", error: limited(20), took: 0, expected: "for up to 90 s if" },
    { name: "attempts that may be billed", error: lost, took: 0, expected: "attempt 2 of 3, for up to 2 s if" }
  ])("counts $name", ({ error, expected, took }) => {
    assert.include(RetryNote.text(config, call, { error, took, left }), expected)
  })

  it("counts the longest decorrelated waits", () => {
    const decorrelated = { ...config, retryJitter: "decorrelated" } as const
    // Waits of three times the wait before, from half a second: 1.5 s, 4.5 s, and 13.5 s.
    assert.include(RetryNote.text(decorrelated, call, { error: refused, took: 0, left }), "for up to 20 s if")
  })

  it("is bounded by what the first attempt has left of the time for all", () => {
    const bounded = { ...config, retryMaxElapsed: Duration.seconds(90) }
    assert.include(RetryNote.text(bounded, call, { error: refused, took: 60_000, left }), "for up to 30 s)")
  })

  it("is bounded by what is left of the deadline of the call", () => {
    assert.include(RetryNote.text(config, call, { error: refused, took: 10_000, left: 3_000 }), "for up to 3 s)")
  })

  it("has the limit of attempts of its call", () => {
    const limits = { maxAttempts: 2 }
    assert.include(RetryNote.text(config, { ...call, limits }, { error: refused, took: 0, left }), "attempt 2 of 2")
  })
})

describe("kimi chat", () => {
  it.live.each(
    [
      ["chat", "Hi"],
      ["chat", "Hi", "--json", "--stream"]
    ].map((args) => args.join(" "))
  )("reports on stderr that %s is repeated", (args) =>
    Effect.gen(function* () {
      const env = {
        KIMI_API_KEY: "sk-none",
        KIMI_BASE_URL: "http://127.0.0.1:9/v1",
        KIMI_RETRY_BASE_DELAY: "1 millis",
        KIMI_MAX_ATTEMPTS: "3",
        NO_PROXY: "*"
      }
      const { code, stderr, stdout } = yield* runKimi(args.split(" "), { env })
      assert.deepStrictEqual([code, stdout], [12, ""])
      const line =
        "kimi: No connection to http://127.0.0.1:9 can be established; trying again (attempt 2 of 3, for up to 1 s if they fail as this one)"
      assert.strictEqual(stderr.split("\n")[0], line)
      assert.strictEqual(stderr.split("trying again").length, 2)
    })
  )
})
