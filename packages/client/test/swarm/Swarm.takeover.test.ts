import { assert, describe, it } from "@effect/vitest"
import * as ToolSet from "@kimi-effect/client/agent/ToolSet"
import { Swarm } from "@kimi-effect/client/swarm"
import { QuotaExceededError } from "@kimi-effect/core/RateLimitErrors"
import { ContentFilterError } from "@kimi-effect/core/ValidationErrors"
import { BigDecimal, Effect, Fiber, Schema } from "effect"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import { TestClock } from "effect/testing"
import { storeError } from "../../src/journal/internal/GroupCommit.ts"
import type { Store } from "../../src/journal/internal/Store.ts"
import { valuesOf, withRegistry } from "./support/metrics.ts"
import { answering, calls, makeTools, settled, stepOf, taskOf, toolTexts } from "./support/swarm.ts"
import { journaled as onStore, team } from "./support/team.ts"

/** A store that needs some time to and from the server, as one in the network does. */
const distant = (store: Store): Store => {
  const delay = Effect.sleep("20 millis")
  const sent = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, E> =>
    Effect.andThen(
      delay,
      Effect.tap(effect, () => delay)
    )
  return {
    ...store,
    open: (...args) => sent(store.open(...args)),
    add: (...args) => sent(store.add(...args)),
    claim: (...args) => sent(store.claim(...args)),
    renew: (...args) => sent(store.renew(...args)),
    end: (...args) => sent(store.end(...args)),
    append: (...args) => sent(store.append(...args)),
    read: (...args) => sent(store.read(...args)),
    status: (...args) => sent(store.status(...args)),
    cancel: (...args) => sent(store.cancel(...args))
  }
}

const journaled = (script: Parameters<typeof onStore>[0], change: (store: Store) => Store = distant) =>
  onStore(script, change)

/** The host refuses the first request, and the others have an answer. */
const failingOnce = () => {
  let isRefused = false
  return answering(() => {
    if (isRefused) return "All done"
    isRefused = true
    return new ContentFilterError({ message: "Refused" })
  })
}

const slow = Toolkit.make(
  Tool.make("wait", { parameters: Schema.Struct({ for: Schema.String }), success: Schema.String }).annotate(
    Tool.Readonly,
    true
  )
)

const makeSlow = ToolSet.make(slow).pipe(
  Effect.provide(slow.toLayer({ wait: (given) => Effect.as(Effect.sleep("10 seconds"), `waited for ${given.for}`) }))
)

describe("a swarm of several processes", () => {
  it.effect("ends in all of them when it is cancelled", () =>
    Effect.gen(function* () {
      const { tools } = yield* makeTools
      const program = Swarm.durable("s", Swarm.run("Work", { tools }))
      const fiber = yield* Effect.forkChild(Effect.all([program, program, program], { concurrency: 3 }))
      yield* TestClock.adjust("1200 millis")
      const cancel = yield* Effect.forkChild(Swarm.cancel("s"))
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(cancel)
      const results = yield* Effect.timeoutOption(Fiber.join(fiber), 0).pipe((effect) => settled(effect, 1))
      assert.deepStrictEqual(results._tag === "Some" ? results.value.map(({ outcome }) => outcome._tag) : [], [
        "Cancelled",
        "Cancelled",
        "Cancelled"
      ])
    }).pipe(Effect.provide(journaled(team)))
  )

  it.effect("continues several tools of an orchestrator whose process has ended", () =>
    Effect.gen(function* () {
      const tools = yield* makeSlow
      const program = Swarm.durable("s", Swarm.run("Work", { tools, orchestrator: { tools: ["wait"] } }))
      const first = yield* Effect.forkChild(program)
      yield* TestClock.adjust("300 millis")
      const second = yield* Effect.forkChild(program)
      yield* TestClock.adjust("3 seconds")
      yield* Effect.forkChild(Fiber.interrupt(first))
      yield* TestClock.adjust("1 minute")
      const result = yield* Effect.timeoutOption(Fiber.join(second), 0).pipe((effect) => settled(effect, 1))
      assert.strictEqual(result._tag === "Some" ? result.value.outcome._tag : "It hangs", "Finished")
    }).pipe(
      Effect.provide(
        journaled(
          answering((request) =>
            stepOf(request) === 0 ? calls(["wait", { for: "1" }], ["wait", { for: "2" }]) : toolTexts(request).join()
          ),
          (store) => {
            let reads = 0
            const slowly = () => Effect.suspend(() => Effect.sleep(reads++ % 2 === 0 ? "20 millis" : "200 millis"))
            return { ...distant(store), read: (...args) => Effect.andThen(slowly(), store.read(...args)) }
          }
        )
      )
    )
  )

  it.effect("runs another swarm in a tool", () =>
    Effect.gen(function* () {
      const kit = Toolkit.make(
        Tool.make("review", { parameters: Schema.Struct({}), success: Schema.String }).annotate(Tool.Idempotent, true)
      )
      const client = yield* Effect.context<never>()
      const tools = yield* ToolSet.make(kit).pipe(
        Effect.provide(
          kit.toLayer({
            review: () =>
              Swarm.map({ items: ["inner"], prompt: "{{item}}" }).pipe(
                Effect.map(({ agents }) => agents[0]?.text ?? ""),
                Effect.orDie,
                Effect.provide(client as never)
              ) as Effect.Effect<string>
          })
        )
      )
      const result = yield* settled(
        Effect.result(Swarm.durable("s", Swarm.map({ items: ["outer"], prompt: "{{item}}", tools }))),
        "1 minute"
      )
      assert.strictEqual(result._tag === "Success" ? result.success.outcome._tag : result.failure._tag, "Finished")
    }).pipe(
      Effect.provide(
        journaled(
          answering((request) =>
            taskOf(request) === "outer" && stepOf(request) === 0 ? calls(["review", {}]) : "Reviewed"
          )
        )
      )
    )
  )

  it.effect("counts the agents that are done once when the lease of the orchestrator is lost", () =>
    Effect.gen(function* () {
      const { tools } = yield* makeTools
      const request = { model: "kimi-k3" }
      const whole = yield* settled(Swarm.run("Work", { tools, request }), "1 minute")
      const limits = { tokens: 20_000 + Math.ceil(whole.report.usage.total_tokens * 1.2) }
      const result = yield* settled(Swarm.durable("s", Swarm.run("Work", { tools, request, limits })), "1 minute")
      assert.strictEqual(result.outcome._tag, "Finished")
    }).pipe(
      Effect.provide(
        journaled(team, (store) => {
          let isLost = false
          return {
            ...store,
            append: (batch) =>
              Effect.suspend(() => {
                const lost = !isLost && batch.find(({ entry }) => entry.key === "orchestrator/3/model/0")
                if (lost === false || lost === undefined) return store.append(batch)
                isLost = true
                return Effect.andThen(store.end(lost.runId, lost.claim, false), store.append(batch))
              })
          }
        })
      )
    )
  )

  it.effect("continues its agents with more tokens", () =>
    Effect.gen(function* () {
      const { tools } = yield* makeTools
      const swarm = (tokens: number) =>
        Swarm.durable("s", Swarm.map({ items: ["1", "2", "3"], prompt: "{{item}}", tools, limits: { tokens } }))
      const first = yield* settled(swarm(40), "1 minute")
      assert.strictEqual(first.outcome._tag, "Limited")
      const { agents, outcome } = yield* settled(swarm(1_000_000), "1 minute")
      assert.deepStrictEqual(
        [outcome._tag, ...agents.map((agent) => agent.outcome._tag)],
        ["Finished", "Finished", "Finished", "Finished"]
      )
    }).pipe(Effect.provide(journaled(team)))
  )

  it.effect("continues after its orchestrator failed", () =>
    Effect.gen(function* () {
      const swarm = Swarm.durable("s", Swarm.run("Work"))
      const first = yield* settled(swarm, "1 minute")
      assert.strictEqual(first.outcome._tag, "Failed")
      assert.strictEqual((yield* settled(swarm, "1 minute")).text, "All done")
    }).pipe(Effect.provide(journaled(failingOnce())))
  )

  it.effect("continues after it stopped at the first failure", () =>
    Effect.gen(function* () {
      const swarm = Swarm.durable("s", Swarm.map({ items: ["1"], prompt: "{{item}}", stopOnFailure: true }))
      const first = yield* settled(swarm, "1 minute")
      assert.strictEqual(first.outcome._tag, "Failed")
      assert.strictEqual((yield* settled(swarm, "1 minute")).outcome._tag, "Finished")
    }).pipe(Effect.provide(journaled(failingOnce())))
  )
})

/** What the metrics count of a swarm in all its processes. */
const counted = (registry: Parameters<typeof valuesOf>[0]) => {
  const values = valuesOf(registry)
  const names = ["kimi.swarm.steps s", "kimi.swarm.tool_calls s ok", "kimi.swarm.agents.ended s ok"]
  return [...names.map((name) => values[name]), values["kimi.swarm.cost s USD"]]
}

/** How swarms ended, and how often; the duration is counted as often. */
const runsOf = (registry: Parameters<typeof valuesOf>[0]) => {
  const values = Object.entries(valuesOf(registry))
  const of = (name: string) =>
    values.flatMap(([id, count]) => (id.startsWith(`${name} s `) ? [[id.slice(name.length + 3), count] as const] : []))
  assert.deepStrictEqual(of("kimi.swarm.duration"), of("kimi.swarm.runs"))
  return of("kimi.swarm.runs")
}

describe("the metrics of a swarm in a journal", () => {
  it.effect.each([1_700, 3_200, 4_700, 6_200])(
    "count recorded calls once after an end of its process at %i ms",
    (millis) =>
      withRegistry((registry) =>
        Effect.gen(function* () {
          const { tools } = yield* makeTools
          const swarm = Swarm.durable("s", Swarm.run("Work", { tools }))
          const first = yield* Effect.forkChild(swarm)
          yield* TestClock.adjust(millis)
          yield* Effect.forkChild(Fiber.interrupt(first))
          yield* TestClock.adjust("1 second")
          const { report } = yield* settled(swarm, "1 minute")
          const [spent] = report.cost
          const cost = spent === undefined ? 0 : BigDecimal.toNumberUnsafe(spent.total)
          assert.deepStrictEqual(counted(registry), [9, 3, 3, cost])
        })
      ).pipe(Effect.provide(journaled(team)))
  )

  it.effect("count the agents of several processes once", () =>
    withRegistry((registry) =>
      Effect.gen(function* () {
        const { tools } = yield* makeTools
        const swarm = Swarm.durable("s", Swarm.run("Work", { tools, concurrency: 1, initialConcurrency: 1 }))
        yield* settled(Effect.all([swarm, swarm, swarm], { concurrency: 3 }), "1 minute")
        assert.deepStrictEqual(counted(registry).slice(0, 3), [9, 3, 3])
      })
    ).pipe(Effect.provide(journaled(team)))
  )

  it.effect("count how it ended once, in the process that ended it", () =>
    withRegistry((registry) =>
      Effect.gen(function* () {
        const { tools } = yield* makeTools
        const swarm = Swarm.durable("s", Swarm.run("Work", { tools }))
        yield* settled(Effect.all([swarm, swarm, swarm], { concurrency: 3 }), "1 minute")
        // A process that starts later gets the recorded result.
        yield* settled(swarm, "1 minute")
        assert.deepStrictEqual(runsOf(registry), [["ok", 1]])
      })
    ).pipe(Effect.provide(journaled(team)))
  )

  it.effect("count how it ended in the process that took the place of another one", () =>
    withRegistry((registry) =>
      Effect.gen(function* () {
        const { tools } = yield* makeTools
        const swarm = Swarm.durable("s", Swarm.run("Work", { tools }))
        const first = yield* Effect.forkChild(swarm)
        const second = yield* Effect.forkChild(swarm)
        yield* TestClock.adjust("3200 millis")
        yield* Effect.forkChild(Fiber.interrupt(first))
        yield* TestClock.adjust("1 minute")
        yield* Fiber.join(second)
        assert.deepStrictEqual(runsOf(registry), [["ok", 1]])
      })
    ).pipe(Effect.provide(journaled(team)))
  )

  it.effect("count a suspension that ends several processes once", () =>
    withRegistry((registry) =>
      Effect.gen(function* () {
        const swarm = Swarm.durable("s", Swarm.map({ items: ["1", "2", "3"], prompt: "{{item}}" }))
        yield* settled(Effect.all([swarm, swarm], { concurrency: 2 }), "1 minute")
        assert.deepStrictEqual(runsOf(registry), [["SwarmSuspendedError", 1]])
      })
    ).pipe(Effect.provide(journaled(answering(() => new QuotaExceededError({ message: "Pay first" })))))
  )

  it.effect("count a suspension once when a later process has no more success", () =>
    withRegistry((registry) =>
      Effect.gen(function* () {
        const swarm = Swarm.durable("s", Swarm.map({ items: ["1", "2", "3"], prompt: "{{item}}" }))
        yield* settled(swarm, "1 minute")
        yield* settled(swarm, "1 minute")
        assert.deepStrictEqual(runsOf(registry), [["SwarmSuspendedError", 1]])
      })
    ).pipe(Effect.provide(journaled(answering(() => new QuotaExceededError({ message: "Pay first" })))))
  )

  it.effect("count a response that the journal fails to record", () =>
    withRegistry((registry) =>
      Effect.gen(function* () {
        const result = yield* settled(Swarm.durable("s", Swarm.map({ items: ["1"], prompt: "{{item}}" })), "1 minute")
        assert.strictEqual(result.outcome._tag, "Failed")
        assert.strictEqual(counted(registry)[0], 1)
      })
    ).pipe(
      Effect.provide(
        journaled(team, (store) => ({
          ...store,
          append: (batch) =>
            batch.some(({ entry }) => entry.kind === "Result")
              ? Effect.fail(storeError("memory", "append", "the disk is full"))
              : store.append(batch)
        }))
      )
    )
  )
})
