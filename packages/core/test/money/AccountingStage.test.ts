import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as CallOptions from "../../src/CallOptions.ts"
import { ConnectionLostError, ConnectionRefusedError } from "../../src/errors/NetworkErrors.ts"
import { BudgetExceededError } from "../../src/errors/MoneyErrors.ts"
import type { ChatError } from "../../src/errors/OperationErrors.ts"
import { ReasoningBudgetExhaustedError } from "../../src/errors/ProviderErrors.ts"
import { ChatResponse } from "../../src/models/ChatResponse.ts"
import * as Amount from "../../src/money/internal/Amount.ts"
import type { CallState } from "../../src/pipeline/Call.ts"
import { CurrentSendState, type SendState } from "../../src/pipeline/internal/SendState.ts"
import { stage, withAccounting, withStreamAccounting } from "../../src/money/AccountingStage.ts"
import { finish, responseOf } from "../support/responses.ts"

import { answer, hello, prompt, recording, reported, request, start, text, usage } from "./support/recording.ts"

describe("Accounting stage", () => {
  const cases: ReadonlyArray<readonly [string, Effect.Effect<ChatResponse, ChatError>, string, string]> = [
    ["an answer", Effect.succeed(answer(true)), "settle 90+20", "succeeded"],
    ["an answer without usage", Effect.succeed(answer(false)), `settle ${prompt}+${hello} by estimate`, "succeeded"],
    [
      "an answer whose usage lacks the generated tokens",
      Effect.succeed(responseOf("hello there", { usage: { ...usage, completion_tokens: 0, total_tokens: 90 } })),
      `settle 90+${hello} by estimate`,
      "succeeded"
    ],
    [
      "an answer without usage that is longer than allowed",
      Effect.succeed(responseOf("hello ".repeat(1_000))),
      `settle ${prompt}+500 by estimate`,
      "succeeded"
    ],
    ["an attempt that was free", Effect.fail(new ConnectionRefusedError({ message: "no" })), "settle nothing", ""],
    [
      "an attempt that may be billed",
      Effect.delay(Effect.fail(new ConnectionLostError({ message: "no" })), "2 seconds"),
      `settle ${prompt}+500 by estimate`,
      "failed"
    ],
    [
      "an attempt that may be billed for all that it may generate",
      Effect.delay(Effect.fail(new ConnectionLostError({ message: "no" })), "1 hour"),
      `settle ${prompt}+500 by estimate`,
      "failed"
    ],
    [
      "an attempt that says what it generated",
      Effect.fail(new ReasoningBudgetExhaustedError({ message: "no", completionTokens: 16 })),
      `settle ${prompt}+16 by estimate`,
      "failed"
    ],
    ["a defect", Effect.die("defect"), `settle ${prompt}+500 by estimate`, "failed"]
  ]

  for (const [name, attempt, settled, outcome] of cases) {
    it.effect(`charges for ${name}`, () =>
      Effect.gen(function* () {
        const { recorded, accounting, call, log } = recording()
        const fiber = yield* Effect.forkChild(Effect.exit(withAccounting(accounting)(() => attempt)(call)))
        yield* TestClock.adjust("2 hours")
        yield* Fiber.join(fiber)
        assert.deepStrictEqual(log, ["reserve kimi-k3", settled])
        assert.strictEqual(recorded.map((attempt) => attempt.outcome).join(), outcome)
      })
    )
  }

  it.effect("charges an interrupted attempt for all that it may have generated", () =>
    Effect.gen(function* () {
      const { recorded, accounting, call, log } = recording()
      const fiber = yield* Effect.forkChild(withAccounting(accounting)(() => Effect.never)(call))
      yield* TestClock.adjust("3 seconds")
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual(log, ["reserve kimi-k3", `settle ${prompt}+500 by estimate`])
      assert.deepStrictEqual([recorded[0]?.outcome, recorded[0]?.isEstimate], ["abandoned", true])
    })
  )

  /** An attempt that reports what it sends to the HTTP client's listener, then never ends. */
  const reporting = (report: (state: SendState) => void) =>
    Effect.flatMap(CurrentSendState, (state) => {
      if (state !== undefined) report(state)
      return Effect.never
    })

  it.effect("charges nothing for an attempt that was interrupted before it sent its request", () =>
    Effect.gen(function* () {
      const whole = recording()
      const streamed = recording()
      const unsent = reporting((state) => state.setWaiting())
      const stream = Stream.unwrap(Effect.as(unsent, Stream.empty))
      const attempts = Effect.all(
        [
          withAccounting(whole.accounting)(() => unsent)(whole.call),
          Stream.runDrain(withStreamAccounting(streamed.accounting)(() => stream)(streamed.call))
        ],
        { concurrency: 2 }
      )
      const fiber = yield* Effect.forkChild(attempts)
      yield* TestClock.adjust("3 seconds")
      yield* Fiber.interrupt(fiber)
      for (const { log, recorded } of [whole, streamed]) {
        assert.deepStrictEqual(log, ["reserve kimi-k3", "settle nothing"])
        assert.deepStrictEqual(recorded, [])
      }
    })
  )

  it.effect("charges a stream in full that was interrupted after it sent its request", () =>
    Effect.gen(function* () {
      const { accounting, call, log } = recording()
      const sent = reporting((state) => {
        state.setWaiting()
        state.setSent()
      })
      const stream = withStreamAccounting(accounting)(() => Stream.unwrap(Effect.as(sent, Stream.empty)))(call)
      const fiber = yield* Effect.forkChild(Stream.runDrain(stream))
      yield* TestClock.adjust("3 seconds")
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual(log, ["reserve kimi-k3", `settle ${prompt}+500 by estimate`])
    })
  )

  it.effect("has one state per run of a stream", () =>
    Effect.gen(function* () {
      const { accounting, call } = recording()
      const seen = new Set<SendState | undefined>()
      const stream = withStreamAccounting(accounting)(() =>
        Stream.fromEffect(
          Effect.map(CurrentSendState, (state) => {
            seen.add(state)
            return text
          })
        )
      )(call)
      yield* Stream.runDrain(stream)
      yield* Stream.runDrain(stream)
      assert.strictEqual(seen.size, 2)
      assert.isFalse(seen.has(undefined))
    })
  )

  it.effect("charges a lost attempt for all that its request could cost", () =>
    Effect.gen(function* () {
      const { recorded, accounting, call } = recording()
      const tools = [{ type: "builtin_function", function: { name: "$web_search" } }] as const
      const many = { ...call, request: { ...request, n: 3, tools } }
      yield* Effect.exit(
        withAccounting(accounting)(() => Effect.fail(new ConnectionLostError({ message: "no" })))(many)
      )
      assert.strictEqual(recorded[0]?.usage.completion_tokens, 1_500)
      assert.deepStrictEqual([...(recorded[0]?.usage.toolCalls ?? [])], [["$web_search", 12]])
    })
  )

  it.effect("bounds a lost attempt by the window of its model", () =>
    Effect.gen(function* () {
      const { recorded, accounting, call } = recording()
      const endless = { ...call, request: { ...request, max_completion_tokens: 1e12 } }
      yield* Effect.exit(
        withAccounting(accounting)(() => Effect.fail(new ConnectionLostError({ message: "no" })))(endless)
      )
      assert.strictEqual(recorded[0]?.usage.completion_tokens, 1_048_576)
    })
  )

  const rates: ReadonlyArray<readonly [string, number | undefined, number]> = [
    ["one choice", undefined, 300],
    ["two choices", 2, 600]
  ]
  for (const [name, n, expected] of rates) {
    it.effect(`charges a lost attempt for ${name} at a configured rate`, () =>
      Effect.gen(function* () {
        const { recorded, accounting, call, log } = recording()
        const state = { budget: { ...call.state?.budget, lostAttempts: { tokensPerSecond: 100 } } } as CallState
        const slow = { ...call, state, request: n === undefined ? request : { ...request, n } }
        const fiber = yield* Effect.forkChild(withAccounting(accounting)(() => Effect.never)(slow))
        yield* TestClock.adjust("3 seconds")
        yield* Fiber.interrupt(fiber)
        const stream = withStreamAccounting(accounting)(() => Stream.concat(Stream.make(start, text), Stream.never))
        const reader = yield* Effect.forkChild(Stream.runDrain(stream(slow)))
        yield* TestClock.adjust("3 seconds")
        yield* Fiber.interrupt(reader)
        assert.deepStrictEqual(
          recorded.map(({ usage }) => usage.completion_tokens),
          [expected, expected]
        )
        assert.strictEqual(log.length, 4)
      })
    )
  }

  it.effect("does not make an attempt whose cost cannot be reserved", () =>
    Effect.gen(function* () {
      const { recorded, accounting, call } = recording()
      const zero = Amount.toDecimal(0n)
      const error = new BudgetExceededError({
        message: "no",
        scope: "total",
        currency: "USD",
        cap: zero,
        spent: zero,
        reserved: zero,
        requested: zero
      })
      const notes: CallState = { budget: { reserve: () => Effect.fail(error) } }
      let attempts = 0
      const attempt = Effect.sync(() => ((attempts += 1), answer(true)))
      assert.strictEqual(
        yield* Effect.flip(withAccounting(accounting)(() => attempt)({ ...call, state: notes })),
        error
      )
      const stream = withStreamAccounting(accounting)(() => Stream.unwrap(Effect.as(attempt, Stream.make(start))))
      assert.strictEqual(yield* Effect.flip(Stream.runDrain(stream({ ...call, state: notes }))), error)
      assert.deepStrictEqual([attempts, recorded.length], [0, 0])
    })
  )

  it.effect("records the tags of a call without a budget", () =>
    Effect.gen(function* () {
      const { recorded, accounting, call, log } = recording()
      const plain = { account: call.account, provider: call.provider, request }
      yield* CallOptions.provide({ tenant: "acme", job: "nightly", agent: "a1" })(
        withAccounting(accounting)(() => Effect.succeed(answer(true)))(plain)
      )
      assert.deepStrictEqual(log, [])
      assert.deepStrictEqual(recorded, [
        {
          account: "account",
          provider: "moonshot",
          model: "kimi-k3",
          outcome: "succeeded",
          usage,
          isEstimate: false,
          tags: { tenant: "acme", job: "nightly", agent: "a1" }
        }
      ])
    })
  )

  it.effect("settles a budget without accounting", () =>
    Effect.gen(function* () {
      const { call, log } = recording()
      yield* withAccounting(undefined)(() => Effect.succeed(answer(true)))(call)
      yield* Stream.runDrain(withStreamAccounting(undefined)(() => Stream.make(start, reported, finish))(call))
      assert.deepStrictEqual(log, ["reserve kimi-k3", "settle 90+20", "reserve kimi-k3", "settle 90+20"])
    })
  )
})

describe("the description of the accounting stage", () => {
  it("states that usage is recorded", () => {
    const { name, options } = stage(recording().accounting)
    assert.deepStrictEqual([name, options], ["accounting", { usage: "recorded" }])
  })

  it("states that usage is not recorded", () => {
    assert.deepStrictEqual(stage(undefined).options, { usage: "not recorded" })
  })
})
