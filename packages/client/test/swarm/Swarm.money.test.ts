import { assert, describe, it } from "@effect/vitest"
import { Swarm } from "@kimi-effect/client/swarm"
import * as Cost from "@kimi-effect/core/Cost"
import type { ModelRequest } from "@kimi-effect/core/ChatRequest"
import { MockProvider, Reply } from "@kimi-effect/testing"
import * as BigDecimal from "effect/BigDecimal"
import * as Effect from "effect/Effect"
import {
  answering,
  assign,
  at,
  calls,
  create,
  isOrchestrator,
  makeTools,
  settled,
  stepOf,
  systemOf
} from "./support/swarm.ts"

const isConclusion = (request: ModelRequest) => systemOf(request).includes("had to stop early")

const tasks = ["one", "two", "three", "four"]

/** A reply that uses everything that its request may. */
const full = (request: ModelRequest, content: string) => {
  const usage = Cost.maxUsage(request)
  return Reply.text(content, {
    usage: { prompt_tokens: usage.prompt_tokens, completion_tokens: usage.completion_tokens }
  })
}

const team = answering((request) => {
  if (isConclusion(request)) return full(request, "What there is")
  if (!isOrchestrator(request)) return full(request, "A result")
  if (stepOf(request) === 0) return calls(create("a"))
  return stepOf(request) === 1 ? calls(...tasks.map((task) => assign("a", task))) : full(request, "All done")
})

const options = (amount: string) => ({
  request: { model: "kimi-k3", max_completion_tokens: 1_000 },
  limits: { cost: { amount, currency: "USD" as const }, conclusion: { promptTokens: 1_000, completionTokens: 500 } }
})

/** What the host has billed for all requests that it got. */
const billed = Effect.gen(function* () {
  const { statistics } = yield* MockProvider.MockProvider
  return (yield* statistics).costs["USD"] ?? BigDecimal.fromBigInt(0n)
})

/** Caps from one that only the conclusion fits to one that all fits. */
const caps = Array.from({ length: 30 }, (_, index) => (0.0125 + index * 0.004).toFixed(4))

describe("the money of a swarm", () => {
  it.effect.each(caps)("is never more than %s", (amount) =>
    Effect.gen(function* () {
      const result = yield* settled(Swarm.run("Work", options(amount)))
      assert.isTrue(BigDecimal.isLessThanOrEqualTo(yield* billed, BigDecimal.fromStringUnsafe(amount)))
      if (result.outcome._tag === "Limited") {
        assert.strictEqual(result.outcome.error._tag, "BudgetExceededError")
        assert.include(["What there is", "All done"], result.text)
      } else {
        assert.deepStrictEqual([result.outcome._tag, result.text], ["Finished", "All done"])
      }
    }).pipe(at(team))
  )

  it.effect("suffices for everything under a high cap, at what the host bills", () =>
    Effect.gen(function* () {
      const result = yield* settled(Swarm.run("Work", options("5")))
      assert.strictEqual(result.outcome._tag, "Finished")
      assert.deepStrictEqual(result.report.cost.map(Cost.format), [
        Cost.format({ currency: "USD", total: yield* billed })
      ])
    }).pipe(at(team))
  )

  it.effect("lets agents wait for what running calls have reserved", () =>
    Effect.gen(function* () {
      // The reservation of one call fits, and two do not; what they cost in the end does.
      const result = yield* settled(Swarm.map({ items: tasks, prompt: "{{item}}", ...options("0.031") }))
      assert.isTrue(result.agents.every(({ outcome }) => outcome._tag === "Finished"))
      assert.strictEqual(result.report.wallMillis, 4_000)
    }).pipe(at(answering(() => "A result")))
  )
})

describe("the time of a swarm", () => {
  it.effect("keeps its end for a conclusion from the results in part", () =>
    Effect.gen(function* () {
      const result = yield* settled(
        Swarm.run("Work", { limits: { duration: "5 seconds", conclusion: { duration: "1750 millis" } } })
      )
      assert.strictEqual(result.outcome._tag === "Limited" && result.outcome.error._tag, "DeadlineExceededError")
      assert.strictEqual(result.text, "What there is")
      assert.deepStrictEqual(
        result.agents.map(({ outcome }) => outcome._tag),
        ["Finished", "Stopped", "Stopped", "Stopped"]
      )
      assert.isAtMost(result.report.wallMillis, 5_000)
    }).pipe(at(team))
  )
})

describe("the tokens of a swarm", () => {
  it.effect("end it with a conclusion once they are used", () =>
    Effect.gen(function* () {
      const result = yield* settled(
        Swarm.run("Work", { limits: { tokens: 2_000, conclusion: { promptTokens: 1_300, completionTokens: 500 } } })
      )
      assert.strictEqual(result.outcome._tag === "Limited" && result.outcome.error._tag, "TokenLimitError")
      assert.strictEqual(result.text, "What there is")
    }).pipe(at(team))
  )
})

describe("the tool calls of a swarm", () => {
  it.effect("run none of a turn that has more than are left", () =>
    Effect.gen(function* () {
      const { places, tools } = yield* makeTools
      const result = yield* settled(Swarm.map({ items: ["x"], prompt: "{{item}}", tools, limits: { toolCalls: 2 } }))
      assert.deepStrictEqual(places, [])
      const [agent] = result.agents
      assert.strictEqual(agent?.outcome._tag === "Stopped" && agent.outcome.error._tag, "ToolCallLimitError")
      assert.strictEqual(result.outcome._tag, "Limited")
    }).pipe(at(answering(() => calls(["look", { at: "a" }], ["look", { at: "b" }], ["look", { at: "c" }]))))
  )
})
