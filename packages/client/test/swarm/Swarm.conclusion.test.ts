/** What is kept for the conclusion of a swarm without options for it. */
import { assert, describe, it } from "@effect/vitest"
import { Swarm, type SwarmLimits } from "@kimi-effect/client/swarm"
import * as Cost from "@kimi-effect/core/Cost"
import type { ModelRequest } from "@kimi-effect/core/ChatRequest"
import { MockProvider, Reply, type Script } from "@kimi-effect/testing"
import * as BigDecimal from "effect/BigDecimal"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import {
  answering,
  assign,
  at,
  calls,
  callsUsing,
  create,
  isConclusion,
  isOrchestrator,
  makeTools,
  settled,
  stepOf
} from "./support/swarm.ts"

/** An agent that never ends, and a conclusion that uses all that is kept for it by default. */
const endlessly = (request: ModelRequest) => {
  if (isConclusion(request)) {
    const usage = { prompt_tokens: 16_000, completion_tokens: request.max_completion_tokens ?? 0 }
    return Reply.text("What there is", { usage })
  }
  if (isOrchestrator(request)) return stepOf(request) === 0 ? calls(create("a")) : calls(assign("a", "Look everywhere"))
  const { completion_tokens, prompt_tokens } = Cost.maxUsage(request)
  return callsUsing({ prompt_tokens, completion_tokens }, ["look", { at: `${stepOf(request)}` }])
}

const endless = answering(endlessly)

const request = { model: "kimi-k3", max_completion_tokens: 1_000 }
const usd = (amount: string) => ({ amount, currency: "USD" as const })

const billed = Effect.gen(function* () {
  const { statistics } = yield* MockProvider.MockProvider
  return (yield* statistics).costs["USD"] ?? BigDecimal.fromBigInt(0n)
})

describe("without limits of the conclusion, a swarm", () => {
  it.effect("keeps the price of 20,000 tokens", () =>
    Effect.gen(function* () {
      const { tools } = yield* makeTools
      const agentLimits = { repeats: false as const }
      const result = yield* settled(Swarm.run("Work", { tools, request, agentLimits, limits: { cost: usd("0.3") } }))
      assert.strictEqual(result.outcome._tag === "Limited" && result.outcome.error._tag, "BudgetExceededError")
      assert.strictEqual(result.text, "What there is")
      const conclusion = result.state.agents["orchestrator conclusion"]
      assert.deepInclude(conclusion?.usage, { prompt_tokens: 16_000, completion_tokens: 4_000 })
      assert.isTrue(BigDecimal.isLessThanOrEqualTo(yield* billed, BigDecimal.fromStringUnsafe("0.3")))
    }).pipe(at(endless))
  )

  it.effect("refuses a cost limit that its price exceeds", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(Swarm.run("Work", { request, limits: { cost: usd("0.1") } }))
      assert.deepInclude(error, { _tag: "InvalidRequestError", parameter: "limits.cost" })
    }).pipe(at(endless))
  )

  it.effect("keeps 20,000 of its tokens", () =>
    Effect.gen(function* () {
      const { tools } = yield* makeTools
      const result = yield* settled(Swarm.run("Work", { tools, request, limits: { tokens: 20_001 } }))
      // The first response has used the one that was not kept.
      assert.strictEqual(result.outcome._tag === "Limited" && result.outcome.error._tag, "TokenLimitError")
      assert.deepStrictEqual([result.text, result.report.steps], ["What there is", 1])
    }).pipe(at(endless))
  )

  it.effect("refuses a token limit of no more than its tokens", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(Swarm.run("Work", { request, limits: { tokens: 20_000 } }))
      assert.deepInclude(error, { _tag: "InvalidRequestError", parameter: "limits.tokens" })
    }).pipe(at(endless))
  )

  it.effect.each([
    ["a tenth of its time", "100 seconds", 90_000],
    ["at most a minute of its time", "30 minutes", 29 * 60_000]
  ] as const)("keeps %s", ([, duration, at]) =>
    Effect.gen(function* () {
      const { tools } = yield* makeTools
      const concluding: Array<number> = []
      const agentLimits = { repeats: false as const, steps: 10_000, toolCalls: 10_000 }
      const events = Swarm.stream("Work", { tools, request, agentLimits, limits: { duration, toolCalls: 10_000 } })
      const seen = Stream.runForEach(events, ({ _tag }) =>
        Effect.map(Clock.currentTimeMillis, (now) => (_tag === "Concluding" ? void concluding.push(now) : undefined))
      )
      yield* settled(seen)
      assert.deepStrictEqual(concluding, [at])
    }).pipe(
      Effect.provide(MockProvider.layerClient({ script: answering(endlessly, "20 seconds") }, { model: "kimi-k3" }))
    )
  )
})

describe("a map without an orchestrator", () => {
  it.effect("keeps nothing, as it never concludes", () =>
    Effect.gen(function* () {
      const limits = { cost: usd("0.02"), tokens: 100 }
      const result = yield* settled(Swarm.map({ items: ["x"], prompt: "{{item}}", request, limits }))
      assert.strictEqual(result.agents[0]?.outcome._tag, "Finished")
    }).pipe(at(answering(() => "A result")))
  )
})

/** An agent that has a result in part and works on, and a conclusion that is answered in some way. */
const partly =
  (conclude: Script.AnswerFunction): Script.AnswerFunction =>
  (given, received) => {
    if (isConclusion(given)) return conclude(given, received)
    if (isOrchestrator(given)) return stepOf(given) === 0 ? calls(create("a")) : calls(assign("a", "Look everywhere"))
    const tools = [{ name: "look", arguments: { at: `${stepOf(given)}` } }]
    return Reply.toolCalls(tools, { content: `Seen ${stepOf(given)} places`, reasoning: "On." })
  }

const ends: ReadonlyArray<
  readonly [name: string, tag: string, conclude: Script.AnswerFunction, limits?: SwarmLimits.SwarmLimits]
> = [
  ["its time ends", "DeadlineExceededError", () => Effect.as(Effect.sleep("1 hour"), Reply.text("Late"))],
  ["the host fails", "ServerError", () => Reply.serverError()],
  ["reasoning uses its tokens", "ReasoningBudgetExhaustedError", () => Reply.reasoningExhausted()],
  ["the host refuses its content", "ContentFilterError", () => Reply.contentFiltered()],
  ["it calls a tool", "StepLimitError", () => calls(["look", { at: "more" }])],
  [
    "an attempt that failed has used its money",
    "BudgetExceededError",
    () => Reply.connectionLost(),
    { cost: usd("0.3"), duration: "1 hour" }
  ]
]

describe("a swarm whose conclusion fails", () => {
  it.effect.each(ends)("has the results of its agents when %s", ([, tag, conclude, more]) =>
    Effect.gen(function* () {
      const { tools } = yield* makeTools
      const agentLimits = { repeats: false as const, steps: 10_000, toolCalls: 10_000 }
      const limits = { duration: "100 seconds", toolCalls: 10_000, ...more } as const
      const result = yield* settled(Swarm.run("Work", { tools, request, agentLimits, limits }))
      assert.strictEqual(result.outcome._tag, "Limited")
      assert.strictEqual(result.conclusionError?._tag, tag)
      assert.include(result.text, `The swarm has no conclusion (${tag}): `)
      assert.match(result.text, /a \(Stopped\):\nSeen \d+ places/)
    }).pipe(at(answering(partly(conclude))))
  )

  it.effect("states that there are no results before the first one", () =>
    Effect.gen(function* () {
      const limits = { duration: "10 seconds" } as const
      const result = yield* settled(Swarm.run("Work", { request, limits }))
      assert.strictEqual(result.conclusionError?._tag, "DeadlineExceededError")
      assert.include(result.text, "Its agents have no results.")
    }).pipe(at(answering(() => Reply.text("Late"), "1 hour")))
  )

  it.effect("marks a conclusion that the limit of its tokens cuts", () =>
    Effect.gen(function* () {
      const { tools } = yield* makeTools
      const limits = { duration: "100 seconds", conclusion: { completionTokens: 10 } } as const
      const agentLimits = { repeats: false as const, steps: 10_000 }
      const result = yield* settled(Swarm.run("Work", { tools, request, agentLimits, limits }))
      assert.isUndefined(result.conclusionError)
      assert.strictEqual(result.text, "There was\n[Truncated: limits.conclusion.completionTokens is 10.]")
    }).pipe(at(answering(partly(() => Reply.text("There was", { finishReason: "length" })))))
  )
})
