/** Swarms whose money or tokens end at every point: their caps go from the least that is accepted to all that they need. */
import { assert, describe, it } from "@effect/vitest"
import type { ToolSet } from "@kimi-effect/client/agent"
import type { KimiClient } from "@kimi-effect/client/KimiClient"
import { Swarm, SwarmPlan, type SwarmResult } from "@kimi-effect/client/swarm"
import type { SwarmLimits } from "@kimi-effect/client/swarm/SwarmLimits"
import * as Cost from "@kimi-effect/core/Cost"
import type { ModelRequest } from "@kimi-effect/core/ChatRequest"
import { MockProvider, Reply } from "@kimi-effect/testing"
import * as BigDecimal from "effect/BigDecimal"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { runs } from "../../../../test/support/depth.ts"
import {
  answering,
  assign,
  at,
  callsUsing,
  create,
  isConclusion,
  makeTools,
  settled,
  stepOf,
  systemOf,
  taskOf
} from "./support/swarm.ts"

/** Uses all that its request may, or a part of it that differs from step to step. */
const usageOf = (request: ModelRequest) => {
  const { completion_tokens: completion, prompt_tokens: prompt } = Cost.maxUsage(request)
  const part = isConclusion(request) ? 1 : 1 / (1 + (stepOf(request) % 3))
  return { prompt_tokens: Math.ceil(prompt * part), completion_tokens: Math.ceil(completion * part) }
}

/** An orchestrator with three agents, the first of which creates two more; each uses a tool twice. */
const team = answering((request) => {
  const usage = usageOf(request)
  const step = stepOf(request)
  const system = systemOf(request)
  if (isConclusion(request)) return Reply.text("What there is", { usage })
  if (system.startsWith("You coordinate")) {
    if (step === 0) return callsUsing(usage, create("lead"), create("worker"))
    const tasks = [assign("lead", "1"), assign("worker", "2"), assign("worker", "3")]
    return step === 1 ? callsUsing(usage, ...tasks) : Reply.text("All done", { usage })
  }
  if (system.startsWith("You are lead") && step === 0) {
    return callsUsing(usage, create("helper"), assign("helper", "1a"), assign("helper", "1b"))
  }
  return step < 2
    ? callsUsing(usage, ["look", { at: `${taskOf(request)}.${step}` }])
    : Reply.text("A result", { usage })
})

const request = { model: "kimi-k3", max_completion_tokens: 400 }
const conclusion = { promptTokens: 1_500, completionTokens: 300 }

const diamond = [
  SwarmPlan.node({ id: "facts", prompt: "facts" }),
  SwarmPlan.node({ id: "left", inputs: { facts: Schema.String }, prompt: "left" }),
  SwarmPlan.node({ id: "right", inputs: { facts: Schema.String }, prompt: "right" }),
  SwarmPlan.node({ id: "report", inputs: { left: Schema.String, right: Schema.String }, prompt: "report" })
]

type Limit = Pick<SwarmLimits, "cost">

/** Each of the agents, of which there are at most five, has a seventh of the limit without the conclusion. */
const withShares = (limit: Limit, kept: number): Pick<SwarmLimits, "cost" | "agentCost"> => {
  const amount = ((Number(limit.cost?.amount) - kept) / 7).toFixed(7)
  return Number(amount) > 0 ? { ...limit, agentCost: { amount, currency: "USD" } } : limit
}

type Result = Effect.Effect<SwarmResult.SwarmResult, Swarm.RunError | Swarm.PlanError, KimiClient>

const kinds: ReadonlyArray<{
  readonly name: string
  readonly kept: number
  readonly run: (tools: ToolSet.ToolSet, limit: Limit) => Result
}> = [
  {
    name: "an orchestrator with agents at two levels",
    kept: 0.0112,
    run: (tools, limit) => Swarm.run("Work", { tools, request, limits: { depth: 2, conclusion, ...limit } })
  },
  {
    name: "an orchestrator whose agents have reservations",
    kept: 0.0112,
    run: (tools, limit) =>
      Swarm.run("Work", { tools, request, limits: { depth: 2, conclusion, ...withShares(limit, 0.0112) } })
  },
  {
    name: "a plan whose agents have reservations",
    kept: 0.0001,
    run: (tools, limit) => Swarm.plan(diamond, { tools, request, limits: withShares(limit, 0) })
  },
  {
    name: "a plan",
    kept: 0.0001,
    run: (tools: ToolSet.ToolSet, limit: Limit): Result => Swarm.plan(diamond, { tools, request, limits: limit })
  }
]

/** What the host has billed for all requests that it got. */
const billed = Effect.gen(function* () {
  const { statistics } = yield* MockProvider.MockProvider
  return (yield* statistics).costs["USD"] ?? BigDecimal.fromBigInt(0n)
})

/** What every result has, however much of the swarm ran. */
const checkResult = ({ agents, outcome, report, text }: SwarmResult.SwarmResult, tag: string, label: string): void => {
  assert.include(["Finished", "Limited"], outcome._tag, label)
  if (outcome._tag === "Limited") assert.strictEqual(outcome.error._tag, tag, label)
  for (const agent of agents) {
    const own = report.agents.find(({ id }) => id === agent.id)
    assert.strictEqual(agent.outcome._tag, own?.outcome, label)
    if (agent.outcome._tag === "Finished") assert.strictEqual(agent.text, "A result", label)
    else if (agent.outcome._tag === "Stopped") assert.strictEqual(agent.outcome.error._tag, tag, label)
    else assert.strictEqual(agent.outcome._tag, "Skipped", label)
  }
  const isLed = report.agents[0]?.id === "orchestrator"
  if (isLed) assert.include(["What there is", "All done"], text, label)
  if (outcome._tag === "Finished")
    assert.isTrue(
      agents.every((agent) => agent.outcome._tag === "Finished"),
      label
    )
}

describe.each(kinds)("the cap on the cost of $name", ({ kept, run }) => {
  it.effect(
    "holds wherever it ends the swarm, with what there is as its result",
    () =>
      Effect.gen(function* () {
        const { tools } = yield* makeTools
        const { reset } = yield* MockProvider.MockProvider
        yield* settled(run(tools, { cost: { amount: "100", currency: "USD" } }))
        const most = BigDecimal.toNumberUnsafe(yield* billed) * 3
        const outcomes = new Set<string>()
        const count = runs({ sample: 15, deep: 1_000 })
        for (let index = 0; index <= count; index++) {
          const amount = (kept + ((most - kept) * index) / count).toFixed(7)
          yield* reset
          const result = yield* settled(run(tools, { cost: { amount, currency: "USD" } }))
          checkResult(result, "BudgetExceededError", amount)
          const total = yield* billed
          assert.isTrue(BigDecimal.isLessThanOrEqualTo(total, BigDecimal.fromStringUnsafe(amount)), amount)
          const [cost] = result.report.cost
          assert.isTrue(BigDecimal.equals(cost?.total ?? BigDecimal.fromBigInt(0n), total), amount)
          outcomes.add(`${result.outcome._tag} ${result.report.steps}`)
        }
        // The swarm ended at many different steps.
        assert.isAtLeast(outcomes.size, 5)
        assert.isTrue([...outcomes].some((one) => one.startsWith("Finished")))
      }).pipe(at(team)),
    { timeout: runs({ sample: 60_000, deep: 1_800_000 }) }
  )
})
