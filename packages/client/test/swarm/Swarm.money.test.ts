import { assert, describe, it } from "@effect/vitest"
import { Swarm } from "@kimi-effect/client/swarm"
import * as KimiClient from "@kimi-effect/client/KimiClient"
import * as Cost from "@kimi-effect/core/Cost"
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import type { ModelRequest } from "@kimi-effect/core/ChatRequest"
import { MockProvider, Reply } from "@kimi-effect/testing"
import * as BigDecimal from "effect/BigDecimal"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import {
  answering,
  assign,
  at,
  calls,
  create,
  isConclusion,
  isOrchestrator,
  makeTools,
  settled,
  stepOf
} from "./support/swarm.ts"

const tasks = ["one", "two", "three", "four"]

/** A reply that uses everything that its request may. */
const full = (request: ModelRequest, content: string) => {
  const usage = Cost.maxUsage(request)
  return Reply.text(content, {
    usage: { prompt_tokens: usage.prompt_tokens, completion_tokens: usage.completion_tokens }
  })
}

const reply = (request: ModelRequest) => {
  if (isConclusion(request)) return full(request, "What there is")
  if (!isOrchestrator(request)) return full(request, "A result")
  if (stepOf(request) === 0) return calls(create("a"))
  return stepOf(request) === 1 ? calls(...tasks.map((task) => assign("a", task))) : full(request, "All done")
}

const team = answering(reply)

const smallTeam = answering((request) => {
  const usage = { prompt_tokens: 400, completion_tokens: 400 }
  if (isConclusion(request)) return Reply.text("So far", { usage: { prompt_tokens: 100, completion_tokens: 100 } })
  if (!isOrchestrator(request)) return Reply.text("A result", { usage })
  return (
    [calls(create("a")), calls(assign("a", "1")), calls(assign("a", "2"))][stepOf(request)] ?? Reply.text("All done")
  )
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

describe("the conclusion of a swarm", () => {
  const timesAsked = (failure: Reply.Reply) =>
    Effect.gen(function* () {
      let conclusions = 0
      const script = answering((request) => {
        if (!isConclusion(request)) return reply(request)
        conclusions += 1
        return conclusions < 4 ? failure : full(request, "What there is")
      })
      const host = MockProvider.layerTransport({ script })
      const client = KimiClient.layerTransport.pipe(
        Layer.provideMerge(host),
        Layer.provide(KimiConfig.layer({ apiKey: Redacted.make("sk-test") }))
      )
      yield* Effect.provide(settled(Swarm.run("Work", options("0.03"))), client)
      return conclusions
    })

  it.effect.each([
    ["gatewayTimeout", Reply.gatewayTimeout()],
    ["connectionLost", Reply.connectionLost()],
    ["emptyResponse", Reply.emptyResponse()]
  ] as const)("is not requested again after %s, which may have been billed", ([, failure]) =>
    Effect.gen(function* () {
      assert.strictEqual(yield* timesAsked(failure), 1)
    })
  )

  it.effect("is requested again after an overload, which is not billed", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* timesAsked(Reply.overloaded()), 4)
    })
  )
})

describe("a swarm that is resumed after its conclusion", () => {
  const withTeam = <A, E>(test: Effect.Effect<A, E, KimiClient.KimiClient | MockProvider.MockProvider>) =>
    Effect.provide(test, MockProvider.layerClient({ script: smallTeam }))
  const within = (tokens: number) => ({
    request: { model: "kimi-k3" },
    limits: { agents: 2, tokens, conclusion: { promptTokens: 1_300, completionTokens: 500 } }
  })

  it.effect("has its agents left", () =>
    withTeam(
      Effect.gen(function* () {
        const { state } = yield* settled(Swarm.run("Work", within(2_200)))
        const result = yield* settled(Swarm.resume(state, "Work", within(20_000)))
        assert.strictEqual(result.outcome._tag, "Finished")
        assert.deepStrictEqual(
          result.agents.map(({ outcome }) => outcome._tag),
          ["Finished", "Finished"]
        )
      })
    )
  )

  it.effect("reports the cost of each conclusion", () =>
    withTeam(
      Effect.gen(function* () {
        const { state } = yield* settled(Swarm.run("Work", within(2_200)))
        const { report } = yield* settled(Swarm.resume(state, "Work", within(2_500)))
        assert.deepStrictEqual(
          report.cost.map(({ total }) => BigDecimal.format(total)),
          [BigDecimal.format(yield* billed)]
        )
      })
    )
  )
})
