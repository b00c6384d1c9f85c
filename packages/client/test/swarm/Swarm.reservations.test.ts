/** The cost limit of a swarm as reservations of its agents. */
import { assert, describe, it } from "@effect/vitest"
import { Swarm, SwarmPlan, type SwarmResult, type SwarmState } from "@kimi-effect/client/swarm"
import type { SwarmLimits } from "@kimi-effect/client/swarm/SwarmLimits"
import * as Cost from "@kimi-effect/core/Cost"
import type { ModelRequest } from "@kimi-effect/core/ChatRequest"
import { MockProvider, Reply, type Script } from "@kimi-effect/testing"
import * as BigDecimal from "effect/BigDecimal"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import {
  answering,
  assign,
  at,
  calls,
  callsUsing,
  create,
  isOrchestrator,
  makeTools,
  settled,
  stepOf,
  taskOf,
  toolTexts
} from "./support/swarm.ts"
import { during, journaled } from "./support/team.ts"

const request = { model: "kimi-k3", max_completion_tokens: 1_000 }

const usd = (amount: string) => ({ amount, currency: "USD" as const })

/** Uses a part of what its request may. */
const part = (request: ModelRequest, of: number) => {
  const { completion_tokens, prompt_tokens } = Cost.maxUsage(request)
  return { prompt_tokens: Math.ceil(prompt_tokens * of), completion_tokens: Math.ceil(completion_tokens * of) }
}

/** Calls a tool in every step, for all the money that its calls may cost. */
const greedily = (request: ModelRequest) =>
  Reply.toolCalls([{ name: "look", arguments: { at: `${stepOf(request)}` } }], {
    content: `Draft ${stepOf(request)}`,
    usage: part(request, 1)
  })

/** The second step of a modest agent takes a minute, in which a greedy one makes sixty calls. */
const modestly = (request: ModelRequest): ReturnType<Script.AnswerFunction> => {
  if (stepOf(request) === 0) return callsUsing(part(request, 0.5), ["look", { at: "once" }])
  const done = Reply.text("A modest result", { usage: part(request, 1) })
  return Effect.as(Effect.sleep("59 seconds"), done)
}

/** The first step of a slow agent takes a minute. */
const slowly = (request: ModelRequest): ReturnType<Script.AnswerFunction> => {
  if (stepOf(request) > 0) return Reply.text("A slow result", { usage: part(request, 1) })
  return Effect.as(Effect.sleep("59 seconds"), callsUsing(part(request, 0.5), ["look", { at: "once" }]))
}

const kinds: Record<string, (request: ModelRequest) => ReturnType<Script.AnswerFunction>> = {
  greedy: greedily,
  modest: modestly,
  slow: slowly
}

const unequal = answering((request) => kinds[taskOf(request)]?.(request) ?? "A result")

const outcomes = ({ agents }: SwarmResult.SwarmResult) =>
  agents.map(({ outcome, text }) => [outcome._tag === "Stopped" ? outcome.error._tag : outcome._tag, text])

const billed = Effect.gen(function* () {
  const { statistics } = yield* MockProvider.MockProvider
  return (yield* statistics).costs["USD"] ?? BigDecimal.fromBigInt(0n)
})

const mapOf = (items: ReadonlyArray<string>, limits: SwarmLimits) =>
  Effect.map(makeTools, ({ tools }) => ({ items, prompt: "{{item}}", tools, request, limits }))

/** A task whose prompt costs more than a third of its call. */
const large = `large ${"word ".repeat(2_000)}`

const split = { cost: usd("0.1"), agentCost: usd("0.04") }

describe("the reservation of an agent", () => {
  it.effect("is not used by another one that spends all that it can", () =>
    Effect.gen(function* () {
      const result = yield* settled(Swarm.map(yield* mapOf(["greedy", "slow"], split)))
      const [greedy, slow] = outcomes(result)
      assert.deepStrictEqual(slow, ["Finished", "A slow result"])
      assert.strictEqual(greedy?.[0], "BudgetExceededError")
      assert.match(greedy?.[1] ?? "", /^Draft \d/)
      assert.isTrue(BigDecimal.isLessThanOrEqualTo(yield* billed, BigDecimal.fromStringUnsafe("0.1")))
    }).pipe(at(unequal))
  )

  it.effect("returns to the others when the agent ends", () =>
    Effect.gen(function* () {
      const alone = yield* settled(Swarm.map(yield* mapOf(["greedy"], { ...split, cost: usd("0.06") })))
      const { reset } = yield* MockProvider.MockProvider
      yield* reset
      const together = yield* settled(Swarm.map(yield* mapOf(["greedy", "modest"], split)))
      const stepsOf = ({ report }: SwarmResult.SwarmResult) => report.agents[0]?.steps ?? 0
      // What is not reserved for the modest agent is 0.06, and it uses half of a call less than it has.
      assert.strictEqual(stepsOf(together), stepsOf(alone) + 1)
    }).pipe(at(unequal))
  )

  it.effect("ends with an agent that is skipped", () =>
    Effect.gen(function* () {
      const { tools } = yield* makeTools
      const nodes = [
        SwarmPlan.node({ id: "failing", prompt: "refused" }),
        SwarmPlan.node({ id: "skipped", prompt: "modest", inputs: { failing: Schema.String } }),
        SwarmPlan.node({ id: "last", prompt: "greedy" })
      ]
      const limits = { cost: usd("0.06"), agentCost: usd("0.02") }
      const result = yield* settled(Swarm.plan(nodes, { tools, request, limits }))
      assert.deepStrictEqual(
        result.agents.map(({ outcome }) => outcome._tag),
        ["Stopped", "Skipped", "Stopped"]
      )
      // Three of its calls need all of the limit.
      assert.strictEqual(result.report.agents[2]?.steps, 3)
    }).pipe(at(answering((request) => (taskOf(request) === "refused" ? Reply.invalidRequest() : greedily(request)))))
  )
})

describe("agents that have not started", () => {
  it.effect("wait until their reservation is free", () =>
    Effect.gen(function* () {
      // The output of two calls fits, and not of three.
      const result = yield* settled(Swarm.map(yield* mapOf(["1", "2", "3", "4"], { cost: usd("0.035") })))
      assert.isTrue(result.agents.every(({ outcome }) => outcome._tag === "Finished"))
      assert.deepStrictEqual(
        result.report.agents.map(({ activities }) => activities[0]?.start),
        [0, 1_000, 1_000, 2_000]
      )
    }).pipe(at(answering(() => "A result")))
  )
})

describe("an agent that waits for money", () => {
  it.effect("gets it before one that needs less to start, which has waited for longer", () =>
    Effect.gen(function* () {
      // When the first slow agent ends, 0.021 is free: enough to start the new one, and not for the 0.024 of a large call.
      const options = yield* mapOf([large, "slow 30", "slow 60", "new"], { cost: usd("0.0605") })
      const result = yield* settled(Swarm.map(options))
      assert.deepStrictEqual(
        outcomes(result).map(([tag]) => tag),
        ["Finished", "Finished", "Finished", "BudgetExceededError"]
      )
      assert.deepStrictEqual(
        result.report.agents[0]?.activities.map(({ kind, start }) => [kind, start]),
        [
          ["model", 0],
          ["tool", 1_000],
          ["model", 61_000]
        ]
      )
    }).pipe(
      at(
        answering((request) => {
          const task = taskOf(request)
          if (task === large && stepOf(request) === 0) return greedily(request)
          if (!task.startsWith("slow")) return Reply.text("A result", { usage: part(request, 1) })
          return Effect.as(Effect.sleep(Duration.seconds(Number(task.slice(5)) - 1)), Reply.text("A result"))
        })
      )
    )
  )

  it.effect("leaves its place in the queue to one that the host has refused", () =>
    Effect.gen(function* () {
      let attempts = 0
      const script = answering((request) =>
        taskOf(request) !== "refused" ? greedily(request) : ++attempts === 1 ? Reply.overloaded() : "A late result"
      )
      const limits = { cost: usd("0.09"), agentCost: usd("0.02") }
      const program = mapOf(["refused", "greedy 1", "greedy 2"], limits).pipe(
        Effect.flatMap((options) => settled(Swarm.map({ ...options, concurrency: 2 }))),
        at(script)
      )
      const result = yield* program
      assert.deepStrictEqual(outcomes(result)[0], ["Finished", "A late result"])
      assert.strictEqual(result.report.wallMillis, 6_000)
    })
  )
})

describe("a plan whose reservations exceed the cost limit", () => {
  it.effect("fails before anything is sent", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(Swarm.map(yield* mapOf(["1", "2", "3"], split)))
      assert(error._tag === "BudgetExceededError")
      assert.include(error.message, "limits.agentCost reserves more for 3 agents")
      const { statistics } = yield* MockProvider.MockProvider
      assert.strictEqual((yield* statistics).calls, 0)
    }).pipe(at(unequal))
  )

  it.effect("starts none of the turn of an orchestrator, which can assign fewer tasks", () =>
    Effect.gen(function* () {
      const limits = {
        cost: usd("0.2"),
        agentCost: usd("0.05"),
        conclusion: { promptTokens: 1_000, completionTokens: 500 }
      }
      const program = Swarm.run("Work", { request, limits })
      const result = yield* settled(program)
      assert.deepStrictEqual(
        result.agents.map(({ id, outcome }) => [id, outcome._tag]),
        [
          ["a 3.0", "Finished"],
          ["a 3.1", "Finished"]
        ]
      )
      assert.strictEqual(result.outcome._tag === "Limited" && result.outcome.error._tag, "BudgetExceededError")
      assert.strictEqual(result.text, "All done")
    }).pipe(
      at(
        answering((request) => {
          if (!isOrchestrator(request)) return "A result"
          const tasks = (count: number) =>
            calls(...Array.from({ length: count }, (_, index) => assign("a", `${index}`)))
          const step = stepOf(request)
          if (step === 2) assert.include(toolTexts(request).at(-1) ?? "", "none of this turn was started")
          return [calls(create("a")), tasks(4), tasks(2)][step] ?? "All done"
        })
      )
    )
  )
})

describe("a swarm that is resumed", () => {
  const items = ["greedy", "modest"]

  it.effect("has the reservations of the agents that had begun", () =>
    Effect.gen(function* () {
      const uninterrupted = yield* settled(Swarm.map(yield* mapOf(items, split)))
      const program = Swarm.durable("unequal", Swarm.map(yield* mapOf(items, split)))
      yield* during(program, 2_500)
      const result = yield* settled(program)
      assert.deepStrictEqual(outcomes(result), outcomes(uninterrupted))
    }).pipe(Effect.provide(journaled(unequal)))
  )

  it.effect.each([["its journal"], ["its state"]] as const)("from %s lets no other agent use them", ([from]) =>
    Effect.gen(function* () {
      const limits = { cost: usd("0.0405") }
      let state: SwarmState.SwarmState | undefined
      const options = {
        ...(yield* mapOf(items, limits)),
        checkpoint: (next: SwarmState.SwarmState) => Effect.sync(() => void (state = next))
      }
      const program = Swarm.durable("unequal", Swarm.map(options))
      yield* during(program, 2_500)
      const again = from === "its journal" ? program : Swarm.resumeMap(state as NonNullable<typeof state>, options)
      assert.deepStrictEqual(outcomes(yield* settled(again))[1], ["Finished", "A modest result"])
    }).pipe(Effect.provide(journaled(unequal)))
  )
})

describe("the reservation of each agent", () => {
  it.effect.each([
    ["limits.agentCost", { cost: usd("1"), agentCost: usd("0") }],
    ["limits.agentCost", { cost: usd("1"), agentCost: usd("2") }],
    ["limits.agentCost", { cost: usd("1"), agentCost: { amount: "1", currency: "CNY" as const } }],
    ["limits.cost", { agentCost: usd("1") }]
  ] as const)("is refused by %s when it does not fit", ([parameter, limits]) =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(Swarm.map(yield* mapOf(["1"], limits)))
      assert.strictEqual(error._tag === "InvalidRequestError" && error.parameter, parameter)
    }).pipe(at(unequal))
  )
})
