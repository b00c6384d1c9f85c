import { assert, describe, it } from "@effect/vitest"
import { Swarm, SwarmState, type SwarmEvent } from "@kimi-effect/client/swarm"
import * as BudgetStore from "@kimi-effect/core/BudgetStore"
import { DailyLimitError, QuotaExceededError, RateLimitError } from "@kimi-effect/core/RateLimitErrors"
import { MockProvider } from "@kimi-effect/testing"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import { TestClock } from "effect/testing"
import { runs, timeLimit } from "../../../../test/support/depth.ts"
import {
  answering,
  assign,
  at,
  calls,
  create,
  inClient,
  isOrchestrator,
  makeTools,
  settled,
  stepOf,
  taskOf
} from "./support/swarm.ts"

const limited = new RateLimitError({ message: "Too many", kind: "requests per minute" })
const storeDown = BudgetStore.storeError("redis", "reserve", "it is down")
const quota = new QuotaExceededError({ message: "Pay first" })

const range = (length: number) => Array.from({ length }, (_, index) => index + 1)

/** Sub-agents with tool calls, all in one turn of the orchestrator. */
const teamOf = (agents: number, toolCalls: number) =>
  answering((request) => {
    if (isOrchestrator(request)) {
      if (stepOf(request) === 0) return calls(create("worker"))
      return stepOf(request) === 1 ? calls(...range(agents).map((n) => assign("worker", `Part ${n}`))) : "All done"
    }
    const step = stepOf(request)
    return step < toolCalls ? calls(["look", { at: `${taskOf(request)}.${step}` }]) : "Done"
  }, "500 millis")

/** Swarms of whole size take seconds, and longer on a machine with other work. */
const timeout = { timeout: timeLimit(180_000) }

describe("the schedule of a swarm", () => {
  it.effect(
    "runs 100 agents with 1,500 tool calls within 10 % of the ideal time",
    () =>
      Effect.gen(function* () {
        const { places, tools } = yield* makeTools
        const { outcome, report } = yield* settled(Swarm.run("Work", { tools }))
        assert.strictEqual(outcome._tag, "Finished")
        assert.strictEqual(new Set(places).size, 1_500)
        assert.strictEqual(report.agents.length, 101)
        // Three turns of the orchestrator, the first agent alone for one response, then 5, 10, 20, 40 and 80 agents, and 16 steps of the last ones.
        const ideal = (3 + 1 + 5 + 16) * 500
        assert.isAtMost(report.wallMillis, ideal * 1.1)
        assert.isAtLeast(report.speedUp, 40)
        assert.strictEqual(report.criticalSteps, 3 + 16)
      }).pipe(at(teamOf(100, 15))),
    timeout
  )

  it.effect("lets one agent go first until its first response", () =>
    Effect.gen(function* () {
      const { report } = yield* settled(Swarm.map({ items: range(4), prompt: "Do {{item}}" }))
      assert.deepStrictEqual(
        report.agents.map(({ start }) => start),
        [0, 1_000, 1_000, 1_000]
      )
    }).pipe(at(answering(() => "Done")))
  )

  it.effect.each([
    ["alone", at],
    ["with the stages of a client", inClient]
  ] as const)(
    "continues agents that the host refuses with their history, without repeating a call, %s",
    ([name, within]) => {
      const agents = runs({ sample: 20, deep: 100 })
      const toolCalls = runs({ sample: 3, deep: 15 })
      let count = 0
      let refusals = 0
      const seen: Array<string> = []
      return Effect.gen(function* () {
        const { places, tools } = yield* makeTools
        const result = yield* settled(Swarm.map({ items: range(agents), prompt: "Part {{item}}", tools }), "10 days")
        assert.strictEqual(result.agents.length, agents)
        assert.isTrue(result.agents.every(({ outcome, text }) => outcome._tag === "Finished" && text === "Done"))
        assert.strictEqual(places.length, agents * toolCalls)
        assert.strictEqual(new Set(places).size, places.length)
        assert.strictEqual(seen.length, agents * (toolCalls + 1))
        assert.strictEqual(new Set(seen).size, seen.length)
        const requeues = result.report.agents.reduce((sum, agent) => sum + agent.requeues, 0)
        // A client retries some of them itself.
        if (name === "alone") assert.strictEqual(requeues, refusals)
        else assert.isBelow(requeues, refusals)
        assert.isAtLeast(refusals, Math.floor(seen.length / 2) - 1)
      }).pipe(
        within(
          answering((request) => {
            if (++count % 3 === 0) {
              refusals++
              return limited
            }
            seen.push(`${taskOf(request)}.${stepOf(request)}`)
            return stepOf(request) < toolCalls
              ? calls(["look", { at: `${taskOf(request)}.${stepOf(request)}` }])
              : "Done"
          })
        )
      )
    },
    timeout
  )

  it.effect("waits longer for each refusal without progress", () => {
    let count = 0
    return Effect.gen(function* () {
      const events = yield* settled(Stream.runCollect(Swarm.mapStream({ items: ["a"], prompt: "{{item}}" })))
      const waits = events.flatMap((event) => (event._tag === "Requeued" ? [event.waitMillis] : []))
      assert.deepStrictEqual(waits, [3_000, 6_000, 12_000])
    }).pipe(at(answering(() => (++count > 3 ? "Done" : limited))))
  })

  it.effect("continues its agents after the store of a budget was unavailable", () => {
    let count = 0
    return Effect.gen(function* () {
      const { agents, report } = yield* settled(Swarm.map({ items: range(3), prompt: "{{item}}" }))
      assert.deepStrictEqual(
        agents.map(({ text }) => text),
        ["Done", "Done", "Done"]
      )
      assert.strictEqual(
        report.agents.reduce((sum, agent) => sum + agent.requeues, 0),
        4
      )
    }).pipe(at(answering(() => (++count > 4 ? "Done" : storeDown))))
  })

  it.effect("ends an agent whose budget has a store that stays unavailable", () =>
    Effect.gen(function* () {
      const [agent] = (yield* settled(Swarm.map({ items: ["a"], prompt: "{{item}}" }))).agents
      assert.strictEqual(agent?.outcome._tag === "Stopped" && agent.outcome.error._tag, "BudgetStoreError")
    }).pipe(at(answering(() => storeDown)))
  )

  it.effect("ends an agent that the host refuses for ever", () =>
    Effect.gen(function* () {
      const [agent] = (yield* settled(Swarm.map({ items: ["a"], prompt: "{{item}}" }))).agents
      assert.strictEqual(agent?.outcome._tag === "Stopped" && agent.outcome.error._tag, "RateLimitError")
    }).pipe(at(answering(() => limited)))
  )
})

describe("a swarm whose account cannot make calls", () => {
  it.effect("waits for the given effect, then continues the same agents", () => {
    let hasMoney = true
    let count = 0
    return Effect.gen(function* () {
      const { places, tools } = yield* makeTools
      const reasons: Array<string> = []
      const events: Array<SwarmEvent.SwarmEvent> = []
      yield* settled(
        Stream.runForEach(
          Swarm.mapStream({
            items: range(3),
            prompt: "Part {{item}}",
            tools,
            onSuspended: ({ reason }) =>
              Effect.andThen(
                Effect.sleep("1 hour"),
                Effect.sync(() => {
                  reasons.push(reason)
                  hasMoney = true
                })
              )
          }),
          (event) => Effect.sync(() => void events.push(event))
        )
      )
      assert.deepStrictEqual(reasons, ["QuotaExceededError"])
      const last = events.at(-1)
      assert.isTrue(last?._tag === "Finished" && last.result.agents.every(({ text }) => text === "Done"))
      assert.deepStrictEqual(
        events.flatMap(({ _tag }) => (_tag === "Suspended" || _tag === "Resumed" ? [_tag] : [])),
        ["Suspended", "Resumed"]
      )
      assert.strictEqual(places.length, 3)
    }).pipe(
      at(
        answering((request) => {
          if (++count === 3) hasMoney = false
          if (!hasMoney) return quota
          return stepOf(request) === 0 ? calls(["look", { at: taskOf(request) }]) : "Done"
        })
      )
    )
  })

  it.effect("ends suspended with the wait that the host names", () =>
    Effect.gen(function* () {
      const { outcome } = yield* settled(Swarm.map({ items: ["a"], prompt: "{{item}}" }))
      assert.deepStrictEqual(outcome._tag === "Suspended" && outcome.error.recovery, {
        _tag: "WaitForQuota",
        after: Duration.hours(2)
      })
    }).pipe(at([new DailyLimitError({ message: "Tomorrow", retryAfter: Duration.hours(2) })]))
  )

  it.effect("ends suspended, to be resumed from its state without a call that was answered", () => {
    let hasMoney = true
    let hasFailed = false
    let answered = 0
    return Effect.gen(function* () {
      const { places, tools } = yield* makeTools
      const first = yield* settled(Swarm.run("Work", { tools, id: "audit" }))
      assert.strictEqual(first.outcome._tag === "Suspended" && first.outcome.error.swarmId, "audit")
      assert.deepStrictEqual(places, ["One", "Two"])
      hasMoney = true
      const state = yield* SwarmState.decode(JSON.parse(JSON.stringify(first.state)))
      const second = yield* settled(Swarm.resume(state, "Work", { tools, id: "audit" }))
      assert.deepStrictEqual([second.outcome._tag, second.text], ["Finished", "All done"])
      assert.deepStrictEqual(
        second.agents.map(({ text }) => text),
        ["One is done", "Two is done"]
      )
      assert.deepStrictEqual(places, ["One", "Two"])
      // Two turns of the orchestrator before its last one, and two steps of each agent.
      assert.strictEqual(answered, 3 + 4)
    }).pipe(
      at(
        answering((request) => {
          if (!isOrchestrator(request) && stepOf(request) === 1 && !hasFailed) {
            hasMoney = false
            hasFailed = true
          }
          if (!hasMoney) return quota
          answered++
          if (isOrchestrator(request)) {
            if (stepOf(request) === 0) return calls(create("a"))
            return stepOf(request) === 1 ? calls(assign("a", "One"), assign("a", "Two")) : "All done"
          }
          return stepOf(request) === 0 ? calls(["look", { at: taskOf(request) }]) : `${taskOf(request)} is done`
        })
      )
    )
  })
})

describe("an interrupted swarm", () => {
  it.effect.each(range(12).map((n) => n * 500 - 250))(
    "makes no call after %i ms of it",
    (millis) =>
      Effect.gen(function* () {
        const { tools } = yield* makeTools
        const fiber = yield* Effect.forkChild(Swarm.run("Work", { tools }))
        yield* TestClock.adjust(millis)
        yield* Fiber.interrupt(fiber)
        const mock = yield* MockProvider.MockProvider
        const before = (yield* mock.requests).length
        yield* TestClock.adjust("1 hour")
        assert.strictEqual((yield* mock.requests).length, before)
      }).pipe(at(teamOf(runs({ sample: 20, deep: 100 }), 15))),
    timeout
  )

  it.effect("starts an agent when another one has its outcome", () =>
    Effect.gen(function* () {
      const options = { items: range(12), prompt: "{{item}}", concurrency: 3, initialConcurrency: 3 }
      let working = 0
      let most = 0
      const count = ({ _tag }: SwarmEvent.SwarmEvent) => {
        if (_tag === "AgentStarted") most = Math.max(most, ++working)
        if (_tag === "AgentFinished") working--
      }
      yield* settled(Stream.runForEach(Swarm.mapStream(options), (event) => Effect.sync(() => count(event))))
      assert.strictEqual(most, 3)
    }).pipe(at(answering(() => "Done")))
  )
})
