/** The times of a report, computed again from when the host got each request and how long it took. */
import { assert, describe, it } from "@effect/vitest"
import * as ToolSet from "@kimi-effect/client/agent/ToolSet"
import * as Provider from "@kimi-effect/client/Provider"
import { Swarm } from "@kimi-effect/client/swarm"
import type { ModelRequest } from "@kimi-effect/core/ChatRequest"
import { MockProvider, Reply, type Script } from "@kimi-effect/testing"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import { assign, at, calls, create, isOrchestrator, settled, stepOf, taskOf } from "./support/swarm.ts"

/** A period at the host or in a tool, in milliseconds of the clock. */
interface Period {
  readonly start: number
  readonly end: number
}

const kit = Toolkit.make(
  Tool.make("look", { parameters: Schema.Struct({ at: Schema.String }), success: Schema.String })
)

const makeLook = (periods: Array<Period>) =>
  ToolSet.make(kit, { provider: Provider.providers.moonshot }).pipe(
    Effect.provide(
      kit.toLayer({
        look: ({ at }) =>
          Effect.gen(function* () {
            const start = yield* Clock.currentTimeMillis
            yield* Effect.sleep(250)
            periods.push({ start, end: yield* Clock.currentTimeMillis })
            return `seen ${at}`
          })
      })
    )
  )

const tasks = ["1", "2", "3", "4", "5", "6", "7"]

const replyOf = (request: ModelRequest, count: number): Reply.Reply => {
  if (isOrchestrator(request)) {
    const steps = [calls(create("a")), calls(...tasks.map((task) => assign("a", task)))]
    return steps[stepOf(request)] ?? Reply.text("All done")
  }
  if (count % 5 === 4) return Reply.overloaded()
  return stepOf(request) < 2 ? calls(["look", { at: `${taskOf(request)}.${stepOf(request)}` }]) : Reply.text("A result")
}

/** Each request takes another time, and every fifth is refused. */
const makeHost = () => {
  const served: Array<Period & { readonly request: ModelRequest; readonly isRefused: boolean }> = []
  const script: Script.AnswerFunction = (request, received) =>
    Effect.gen(function* () {
      const end = received.at + 500 + 70 * (received.number % 11)
      const reply = replyOf(request, received.number)
      served.push({
        start: received.at,
        end,
        request,
        isRefused: !isOrchestrator(request) && received.number % 5 === 4
      })
      yield* Effect.sleep(end - received.at)
      return reply
    })
  return { served, script }
}

const sum = (periods: ReadonlyArray<Period>) => periods.reduce((total, { end, start }) => total + end - start, 0)

describe("the report of a swarm", () => {
  it.effect("has the times that its host has measured", () =>
    Effect.gen(function* () {
      const looked: Array<Period> = []
      const { script, served } = makeHost()
      const tools = yield* makeLook(looked)
      const { outcome, report } = yield* settled(Swarm.run("Work", { tools })).pipe(at(script))
      assert.strictEqual(outcome._tag, "Finished")
      assert.isAbove(served.filter(({ isRefused }) => isRefused).length, 2)
      const wall = Math.max(...served.map(({ end }) => end)) - Math.min(...served.map(({ start }) => start))
      const work = sum(served) + sum(looked)
      const answered = served.filter(({ isRefused }) => !isRefused)
      const byTask = Map.groupBy(answered, ({ request }) => taskOf(request))
      const own = byTask.get("Work")?.length ?? 0
      const longest = Math.max(...tasks.map((task) => byTask.get(task)?.length ?? 0))
      assert.deepStrictEqual(
        {
          wall: report.wallMillis,
          work: report.workMillis,
          speedUp: report.speedUp,
          criticalSteps: report.criticalSteps,
          steps: report.steps,
          toolCalls: report.toolCalls
        },
        {
          wall,
          work,
          speedUp: work / wall,
          criticalSteps: own + longest,
          steps: answered.length,
          // Assignments and creations are calls of the orchestrator.
          toolCalls: looked.length + tasks.length + 1
        }
      )
    })
  )

  it.effect("counts no wait for money as work", () =>
    Effect.gen(function* () {
      // The output of one call fits, and of two does not.
      const request = { model: "kimi-k3", max_completion_tokens: 1_000 }
      const limits = { cost: { amount: "0.025", currency: "USD" } } as const
      const { report } = yield* settled(Swarm.map({ items: tasks, prompt: "{{item}}", request, limits }))
      const { requests } = yield* MockProvider.MockProvider
      assert.deepStrictEqual([(yield* requests).length, report.workMillis, report.wallMillis], [7, 7_000, 7_000])
    }).pipe(at((() => Effect.delay(Effect.succeed("A result"), 1_000)) as Script.AnswerFunction))
  )
})
