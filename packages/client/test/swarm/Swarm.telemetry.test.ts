import { assert, describe, it } from "@effect/vitest"
import { Swarm } from "@kimi-effect/client/swarm"
import { QuotaExceededError, RateLimitError } from "@kimi-effect/core/RateLimitErrors"
import * as Observer from "@kimi-effect/core/Observer"
import * as Telemetry from "@kimi-effect/core/Telemetry"
import { Reply } from "@kimi-effect/testing"
import * as BigDecimal from "effect/BigDecimal"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import { TestClock } from "effect/testing"
import type * as Tracer from "effect/Tracer"
import { recordSpans } from "../support/spans.ts"
import { isOwn, valuesOf, withRegistry } from "./support/metrics.ts"
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
  taskOf
} from "./support/swarm.ts"

/** Two sub-agents, one of which the host refuses once, and a suspension before the last turn. */
const eventful = () => {
  let isRefused = false
  let isEmpty = false
  return answering((request) => {
    if (isOrchestrator(request)) {
      if (stepOf(request) === 0) return calls(create("reader"), create("writer"))
      if (stepOf(request) === 1) return calls(assign("reader", "Read"), assign("writer", "Write"))
      if (isEmpty) return "All done"
      isEmpty = true
      return new QuotaExceededError({ message: "Pay first" })
    }
    if (taskOf(request) === "Write" && !isRefused) {
      isRefused = true
      return new RateLimitError({ message: "Too many", kind: "requests per minute" })
    }
    const usage = { prompt_tokens: 1_000, completion_tokens: 100 }
    return stepOf(request) === 0 ? calls(["look", { at: taskOf(request) }]) : Reply.text("Done", { usage })
  })
}

/** Runs an eventful swarm to its end. */
const run = Effect.gen(function* () {
  const { tools } = yield* makeTools
  return yield* settled(Swarm.run("Work", { id: "audit", tools, onSuspended: () => Effect.sleep("1 hour") }))
})

/** Each span with the names of those that it is in, the outermost first. */
const pathOf = (span: Tracer.NativeSpan): string => {
  const parent = Option.getOrUndefined(span.parent)
  return parent?._tag === "Span" ? `${pathOf(parent as Tracer.NativeSpan)} / ${span.name}` : span.name
}

const trace = () =>
  Effect.gen(function* () {
    const { record, spans } = recordSpans()
    yield* record(run)
    return spans
  }).pipe(at(eventful()))

const agents = "invoke_workflow audit / invoke_agent orchestrator"
const assigned = `${agents} / kimi.swarm.step / execute_tool assign_task`

describe("the spans of a swarm", () => {
  it.effect("are a tree of agents, steps, calls of the model, tools with their handlers", () =>
    Effect.gen(function* () {
      const paths = new Set((yield* trace()).map(pathOf))
      assert.deepStrictEqual(
        [...paths].toSorted(),
        [
          "invoke_workflow audit",
          agents,
          `${agents} / kimi.swarm.step`,
          `${agents} / kimi.swarm.step / chat kimi-k3`,
          assigned,
          `${agents} / kimi.swarm.step / execute_tool create_subagent`,
          ...["reader", "writer"].flatMap((name) => [
            `${assigned} / invoke_agent ${name}`,
            `${assigned} / invoke_agent ${name} / kimi.swarm.step`,
            `${assigned} / invoke_agent ${name} / kimi.swarm.step / chat kimi-k3`,
            `${assigned} / invoke_agent ${name} / kimi.swarm.step / execute_tool look`,
            `${assigned} / invoke_agent ${name} / kimi.swarm.step / execute_tool look / handler of look`
          ])
        ].toSorted()
      )
    })
  )

  it.effect("have ended with the swarm", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual((yield* trace()).filter(({ status }) => status._tag !== "Ended").map(pathOf), [])
    })
  )

  const { swarm, swarmAgent, swarmStep, swarmTool } = Telemetry.spans
  it.effect.each([
    [swarm, "invoke_workflow", ["error.type", "kimi.cost", "kimi.currency"]],
    [swarmAgent, "invoke_agent", ["error.type"]],
    [swarmStep, "kimi.swarm.step", []],
    [swarmTool, "execute_tool", []]
  ] as const)("have the documented attributes: %s", ([definition, prefix, elsewhere]) =>
    Effect.gen(function* () {
      const own = (yield* trace()).filter(({ name }) => name.startsWith(prefix))
      const seen = new Set(own.flatMap(({ attributes }) => [...attributes.keys()]))
      const known = definition.attributes.map(({ name }) => name)
      assert.sameMembers([...new Set([...seen, ...elsewhere])], known)
    })
  )

  it.effect("have the documented events", () =>
    Effect.gen(function* () {
      const spans = yield* trace()
      for (const { events, name } of [swarm, swarmAgent, swarmStep, swarmTool]) {
        const own = spans.filter((span) => span.name.split(" ")[0] === name.split(" ")[0])
        const seen = new Set(own.flatMap((span) => span.events.map(([event]) => event)))
        assert.sameMembers(
          [...seen],
          events.map((event) => event.name)
        )
      }
    })
  )

  it.effect("of agents that were stopped fail with their error", () =>
    Effect.gen(function* () {
      const { record, spans } = recordSpans()
      const { tools } = yield* makeTools
      yield* record(settled(Swarm.map({ items: ["a"], prompt: "{{item}}", tools, limits: { toolCalls: 1 } })))
      const outcomes = spans.flatMap(({ attributes, name, status }) =>
        name.startsWith("invoke_") && status._tag === "Ended"
          ? [[name, attributes.get("kimi.outcome"), attributes.get("error.type"), status.exit._tag]]
          : []
      )
      assert.deepStrictEqual(outcomes, [
        ["invoke_workflow swarm", "ToolCallLimitError", "ToolCallLimitError", "Failure"],
        ["invoke_agent item 1", "ToolCallLimitError", "ToolCallLimitError", "Failure"]
      ])
    }).pipe(at(answering(() => calls(["look", { at: "a" }], ["look", { at: "b" }]))))
  )

  it.effect("of an interrupted swarm end as interrupted", () =>
    Effect.gen(function* () {
      const { record, spans } = recordSpans()
      const fiber = yield* Effect.forkChild(record(Swarm.map({ items: ["a"], prompt: "{{item}}" })))
      yield* TestClock.adjust("10 millis")
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual(
        spans
          .filter(({ name }) => name.startsWith("invoke_"))
          .map(({ attributes, status }) => [attributes.get("kimi.outcome"), status._tag]),
        [
          ["interrupted", "Ended"],
          ["interrupted", "Ended"]
        ]
      )
    }).pipe(at(answering(() => "Done")))
  )
})

describe("the metrics of a swarm", () => {
  it.effect("count what its agents did", () =>
    withRegistry((registry) =>
      Effect.gen(function* () {
        const { report } = yield* run
        const values = valuesOf(registry)
        const [spent] = report.cost
        assert.deepStrictEqual(values, {
          "kimi.swarm.agent.duration audit ok": 2,
          "kimi.swarm.agents.ended audit ok": 2,
          "kimi.swarm.cost audit USD": spent === undefined ? 0 : BigDecimal.toNumberUnsafe(spent.total),
          "kimi.swarm.duration audit ok": 1,
          "kimi.swarm.requeues audit RateLimitError": 1,
          "kimi.swarm.runs audit ok": 1,
          "kimi.swarm.steps audit": report.steps,
          "kimi.swarm.suspensions audit QuotaExceededError": 1,
          "kimi.swarm.tool_calls audit ok": 2
        })
      })
    ).pipe(at(eventful()))
  )
  it.effect("show the agents that work or wait while it runs", () =>
    withRegistry((registry) =>
      Effect.gen(function* () {
        const fiber = yield* Effect.forkChild(
          Swarm.map({ items: [1, 2, 3, 4], prompt: "{{item}}", initialConcurrency: 2 })
        )
        yield* TestClock.adjust("1500 millis")
        assert.deepStrictEqual(valuesOf(registry), {
          "kimi.swarm.agents swarm delegating": 0,
          "kimi.swarm.agents swarm queued": 0,
          "kimi.swarm.agents swarm suspended": 0,
          "kimi.swarm.agents swarm working": 3,
          "kimi.swarm.concurrency swarm": 3,
          "kimi.swarm.agent.duration swarm ok": 1,
          "kimi.swarm.agents.ended swarm ok": 1,
          "kimi.swarm.cost swarm USD": 0.000864,
          "kimi.swarm.steps swarm": 1
        })
        yield* Fiber.interrupt(fiber)
        const after = valuesOf(registry)
        assert.deepStrictEqual(
          [after["kimi.swarm.agents swarm working"], after["kimi.swarm.runs swarm interrupted"]],
          [undefined, 1]
        )
        assert.strictEqual(after["kimi.swarm.agents.ended swarm interrupted"], 3)
      })
    ).pipe(at(answering(() => "Done")))
  )
  it.effect("add up for swarms that run at the same time", () =>
    withRegistry((registry) =>
      Effect.gen(function* () {
        const one = Swarm.map({ items: [1, 2], prompt: "{{item}}" })
        const fiber = yield* Effect.forkChild(Effect.all([one, one, one], { concurrency: 3 }))
        yield* TestClock.adjust("500 millis")
        assert.strictEqual(valuesOf(registry)["kimi.swarm.agents swarm working"], 3)
        assert.strictEqual(valuesOf(registry)["kimi.swarm.agents swarm queued"], 3)
        yield* Fiber.interrupt(fiber)
      })
    ).pipe(at(answering(() => "Done")))
  )
  it.effect("have the documented labels, whose values stay bounded", () => {
    const registry: Metric.MetricRegistry = new Map()
    const observer = Observer.layer({ maxLabelValues: 5 }).pipe(
      Layer.provide(Layer.succeed(Metric.MetricRegistry, registry))
    )
    return Effect.gen(function* () {
      for (let n = 0; n < 12; n++) {
        yield* settled(Swarm.map({ id: `audit ${n}`, items: ["a"], prompt: "{{item}}" }), "5 seconds")
      }
      const values = valuesOf(registry)
      const runs = Object.keys(values).filter((key) => key.startsWith("kimi.swarm.runs "))
      assert.strictEqual(runs.length, 6)
      assert.strictEqual(values["kimi.swarm.runs other ok"], 7)
      for (const { attributes = {}, id } of Metric.snapshotUnsafe(Context.make(Metric.MetricRegistry, registry))) {
        if (!isOwn(id)) continue
        const known = Object.values(Telemetry.metrics).find(({ name }) => name === id)
        assert.includeMembers(
          ["unit", ...(known?.attributes.map(({ name }) => name as string) ?? [])],
          Object.keys(attributes)
        )
        assert.notInclude(JSON.stringify(attributes), "item 1")
      }
    }).pipe(Effect.provide(observer), at(answering(() => "Done")))
  })
})
