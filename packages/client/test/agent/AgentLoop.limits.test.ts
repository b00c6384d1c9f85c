import { assert, describe, it } from "@effect/vitest"
import * as AgentLoop from "@kimi-effect/client/agent/AgentLoop"
import type { AgentLimits } from "@kimi-effect/client/agent/AgentLimits"
import type { AgentHooks } from "@kimi-effect/client/agent/AgentHooks"
import * as AgentResult from "@kimi-effect/client/agent/AgentResult"
import { ChatResponse } from "@kimi-effect/core/ChatResponse"
import { Reply, Script } from "@kimi-effect/testing"
import * as BigDecimal from "effect/BigDecimal"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { TestClock } from "effect/testing"
import { assertAccepted, at, calls, makeTools, outcomeOf, runWith, settled, toolTexts } from "./support/agent.ts"

const noting = (text: string) => calls(["note", { text }])
const distinct = ["a", "b", "c", "d", "e"].map(noting)

const withoutUsage = new ChatResponse({
  id: "chatcmpl-1",
  model: "kimi-k3",
  created: 1,
  provider: "moonshot",
  choices: [
    {
      index: 0,
      message: {
        role: "assistant",
        content: "",
        reasoning_content: "Hm",
        tool_calls: [{ id: "note_0", type: "function", function: { name: "note", arguments: '{"text":"a"}' } }]
      },
      finish_reason: "tool_calls"
    }
  ]
})

const errorOf = ({ outcome }: AgentResult.AgentResult) => {
  assert(outcome._tag === "Stopped", outcome._tag)
  return outcome.error
}

describe("the step limit", () => {
  it.effect("ends the run before the tools of its last step", () =>
    Effect.gen(function* () {
      const { log, result } = yield* runWith({ limits: { steps: 2 } })
      const error = errorOf(result)
      assert(error._tag === "StepLimitError")
      assert.deepStrictEqual([error.limit, result.steps, log], [2, 2, ["note a"]])
    }).pipe(at(distinct))
  )

  it.effect("leaves a history in which the calls were not run", () =>
    Effect.gen(function* () {
      const { result } = yield* runWith({ limits: { steps: 2 } })
      assert.deepStrictEqual(toolTexts(result.messages), ["a", "This call was not run."])
      assertAccepted(result.messages)
    }).pipe(at(distinct))
  )

  it.effect("does not count against a response that is the last one", () =>
    Effect.gen(function* () {
      const { result } = yield* runWith({ limits: { steps: 1 } })
      assert.strictEqual(outcomeOf(result), "Finished")
    }).pipe(at(["Done"]))
  )

  it.effect("can be raised to continue with the calls that were left", () =>
    Effect.gen(function* () {
      const { log, tools } = yield* makeTools
      const first = yield* AgentLoop.run({ prompt: "Go", tools, limits: { steps: 1 } })
      const second = yield* AgentLoop.resume(first.state, { tools, limits: { steps: 3 } })
      assert.deepStrictEqual([outcomeOf(second), second.text, second.steps], ["Finished", "Done", 2])
      assert.deepStrictEqual(log, ["note a"])
    }).pipe(at([noting("a"), "Done"]))
  )

  it.effect("is 100 by default", () =>
    Effect.gen(function* () {
      const { result } = yield* runWith({ limits: { repeats: false } })
      const error = errorOf(result)
      assert.deepStrictEqual([error._tag, result.steps], ["StepLimitError", 100])
    }).pipe(at(Script.repeat([noting("a")])))
  )
})

describe("the limit on tool calls", () => {
  it.effect("runs no call of a turn that exceeds it", () =>
    Effect.gen(function* () {
      const { log, result } = yield* runWith({ limits: { toolCalls: 2 } })
      const error = errorOf(result)
      assert(error._tag === "ToolCallLimitError")
      assert.deepStrictEqual([error.limit, result.toolCalls, log], [2, 1, ["note a"]])
      assertAccepted(result.messages)
    }).pipe(at([noting("a"), calls(["note", { text: "b" }], ["note", { text: "c" }])]))
  )

  it.effect("allows exactly as many calls", () =>
    Effect.gen(function* () {
      const { log, result } = yield* runWith({ limits: { toolCalls: 2 } })
      assert.deepStrictEqual([outcomeOf(result), log.length], ["Finished", 2])
    }).pipe(at([calls(["note", { text: "b" }], ["note", { text: "c" }]), "Done"]))
  )
})

describe("the token limit", () => {
  it.effect("ends the run when the responses have used it", () =>
    Effect.gen(function* () {
      // A response of the provider has 128 tokens.
      const { log, result } = yield* runWith({ limits: { tokens: 256 } })
      const error = errorOf(result)
      assert(error._tag === "TokenLimitError")
      assert.deepStrictEqual([error.limit, error.used, result.usage.total_tokens], [256, 256, 256])
      assert.deepStrictEqual(log, ["note a"])
    }).pipe(at(distinct))
  )

  it.effect("counts an estimate for responses without usage", () =>
    Effect.gen(function* () {
      const { result } = yield* runWith({ limits: { tokens: 10 } })
      assert.strictEqual(outcomeOf(result), "TokenLimitError")
      assert.isTrue(result.state.isEstimate)
      assert.isAbove(result.usage.total_tokens, 10)
    }).pipe(at([withoutUsage]))
  )
})

describe("the cost limit", () => {
  const dollars = (amount: string): AgentLimits => ({ cost: { amount, currency: "USD" } })

  it.effect("ends the run once it is spent", () =>
    Effect.gen(function* () {
      const { result } = yield* runWith({ limits: dollars("0.0009") })
      const error = errorOf(result)
      assert(error._tag === "BudgetExceededError")
      assert.isTrue(BigDecimal.isGreaterThanOrEqualTo(error.spent, error.cap))
      assert.deepStrictEqual([error.scope, error.currency], ["agent", "USD"])
      assert.deepStrictEqual(
        result.cost.map(({ total }) => BigDecimal.format(total)),
        [BigDecimal.format(BigDecimal.normalize(error.spent))]
      )
      assertAccepted(result.messages)
    }).pipe(at(distinct))
  )

  it.effect("does not lose a last response that exceeds it", () =>
    Effect.gen(function* () {
      const { result } = yield* runWith({ limits: dollars("0.000001") })
      assert.deepStrictEqual([outcomeOf(result), result.text], ["Finished", "Done"])
    }).pipe(at(["Done"]))
  )

  it.effect("ends the run with UnknownPriceError if a price is not known", () =>
    Effect.gen(function* () {
      const { result } = yield* runWith({ limits: dollars("1"), request: { model: "my-model" } })
      assert.deepStrictEqual([outcomeOf(result), result.state.unpriced], ["UnknownPriceError", 1])
    }).pipe(at([Reply.toolCalls([{ name: "note", arguments: { text: "a" } }], { model: "my-model" })]))
  )

  it.effect("ends the run with UnknownPriceError if it costs another currency", () =>
    Effect.gen(function* () {
      const { result } = yield* runWith({ limits: { cost: { amount: "1", currency: "CNY" } } })
      assert.strictEqual(outcomeOf(result), "UnknownPriceError")
    }).pipe(at(distinct))
  )
})

describe("the time limit", () => {
  it.effect("interrupts a call of the model", () =>
    Effect.gen(function* () {
      const fiber = yield* Effect.forkChild(runWith({ limits: { duration: "10 seconds" } }))
      yield* TestClock.adjust("9999 millis")
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      const { result } = yield* Fiber.join(fiber)
      assert.strictEqual(outcomeOf(result), "DeadlineExceededError")
      assertAccepted(result.messages)
    }).pipe(at([noting("a"), Script.wait("20 seconds", ["Done"])]))
  )

  it.effect("interrupts the tools, whose calls keep the results that they have", () =>
    Effect.gen(function* () {
      const { log, result } = yield* settled(runWith({ limits: { duration: "10 seconds" } }))
      assert.strictEqual(outcomeOf(result), "DeadlineExceededError")
      assert.deepStrictEqual(log, ["wait 5 done", "wait 30 interrupted"])
      const [short, long] = toolTexts(result.messages)
      assert.strictEqual(short, "wait 5 done")
      assert.include(long, "was interrupted")
      assertAccepted(result.messages)
    }).pipe(at([calls(["wait", { seconds: 5 }], ["wait", { seconds: 30 }])]))
  )

  it.effect("does not count the time until a run is resumed", () =>
    Effect.gen(function* () {
      const { tools } = yield* makeTools
      const limits = { duration: "10 seconds", steps: 1 } as const
      const first = yield* settled(AgentLoop.run({ prompt: "Go", tools, limits }))
      assert.strictEqual(first.state.elapsedMillis, 4_000)
      yield* TestClock.adjust("3 days")
      const second = yield* settled(AgentLoop.resume(first.state, { tools, limits: { ...limits, steps: 9 } }))
      assert.deepStrictEqual([outcomeOf(second), second.state.elapsedMillis], ["Finished", 8_000])
    }).pipe(at(Script.wait("4 seconds", [noting("a"), "Done"])))
  )

  it.effect("counts the time of all parts of a run", () =>
    Effect.gen(function* () {
      const { tools } = yield* makeTools
      const limits = { duration: "6 seconds", steps: 1 } as const
      const first = yield* settled(AgentLoop.run({ prompt: "Go", tools, limits }))
      const second = yield* settled(AgentLoop.resume(first.state, { tools, limits: { ...limits, steps: 9 } }))
      assert.deepStrictEqual([outcomeOf(second), second.state.elapsedMillis], ["DeadlineExceededError", 6_000])
    }).pipe(at(Script.wait("4 seconds", [noting("a"), "Done"])))
  )
})

describe("limits that are no limits", () => {
  const invalid: ReadonlyArray<readonly [string, AgentLimits]> = [
    ["limits.steps", { steps: 0 }],
    ["limits.toolCalls", { toolCalls: 1.5 }],
    ["limits.tokens", { tokens: -1 }],
    ["limits.cost", { cost: { amount: "a lot", currency: "USD" } }],
    ["limits.cost", { cost: { amount: "0", currency: "USD" } }],
    ["limits.duration", { duration: 0 }],
    ["limits.repeats", { repeats: { stopAt: 0 } }]
  ]

  it.effect.each(invalid)("are refused: %s", ([parameter, limits]) =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(runWith({ limits }))
      assert(error._tag === "InvalidRequestError")
      assert.strictEqual(error.parameter, parameter)
    }).pipe(at(["Done"]))
  )
})

describe("the cost of a run", () => {
  it.effect("has the price of writes to the one-hour cache", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(Date.UTC(2026, 8, 1))
      const hooks: AgentHooks = {
        callModel: (_, make) =>
          Effect.map(
            make,
            (response) =>
              new ChatResponse({
                ...response,
                usage: {
                  prompt_tokens: 1_000,
                  completion_tokens: 100,
                  total_tokens: 1_100,
                  cached_tokens: 0,
                  cache_write_tokens: 1_000,
                  reasoning_tokens: 0
                }
              })
          )
      }
      const { cost } = yield* settled(
        AgentLoop.run({ prompt: "Go", request: { prompt_cache_options: { ttl: "1h" } }, hooks })
      )
      assert.deepStrictEqual(
        cost.map(({ total }) => BigDecimal.format(total)),
        ["0.0075"]
      )
    }).pipe(at(["Hi"]))
  )
})

describe("options of a run without types", () => {
  for (const [given, parameter] of [
    [{ limits: { maxSteps: 5 } }, "limits.maxSteps"],
    [{ limits: { step: 5 } }, "limits.step"],
    [{ limit: { steps: 5 } }, "limit"]
  ] as const) {
    it.effect(`are refused with ${parameter}, which would limit nothing`, () =>
      Effect.gen(function* () {
        const options: object = { prompt: "Go", ...given }
        const error = yield* Effect.flip(AgentLoop.run(options))
        assert.strictEqual(error.parameter, parameter)
      }).pipe(at(["Done"]))
    )
  }
})
