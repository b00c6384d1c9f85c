import { assert, describe, it } from "@effect/vitest"
import * as ToolSet from "@kimi-effect/client/agent/ToolSet"
import { Swarm } from "@kimi-effect/client/swarm"
import type { SwarmLimits } from "@kimi-effect/client/swarm/SwarmLimits"
import type { SwarmResult } from "@kimi-effect/client/swarm/SwarmResult"
import { Reply } from "@kimi-effect/testing"
import { BigDecimal, DateTime, Effect, Fiber, Schema, Stream } from "effect"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import { TestClock } from "effect/testing"
import { answering, calls, callsUsing, makeTools, settled, stepOf, taskOf, toolTexts } from "./support/swarm.ts"
import { during, journaled, moments, succeeded } from "./support/team.ts"

const payments = Toolkit.make(
  Tool.make("pay", { parameters: Schema.Struct({ to: Schema.String }), success: Schema.String })
)

/** A tool that must not run twice, which takes a second. */
const makePayments = Effect.gen(function* () {
  const paid: Array<string> = []
  const handlers = payments.toLayer({
    pay: ({ to }) =>
      Effect.sync(() => paid.push(to)).pipe(Effect.andThen(Effect.sleep("1 second")), Effect.as(`paid ${to}`))
  })
  return { paid, tools: yield* ToolSet.make(payments).pipe(Effect.provide(handlers)) }
})

const paying = answering((request) =>
  stepOf(request) === 0 ? calls(["pay", { to: taskOf(request) }]) : toolTexts(request).join()
)

const pay = (tools: ToolSet.ToolSet) => Swarm.map({ items: ["ann"], prompt: "{{item}}", tools })

/** Each agent uses all that it may in each of its four steps. */
const thorough = answering((request) => {
  const usage = { prompt_tokens: 10, completion_tokens: 1_000 }
  const look = callsUsing(usage, ["look", { at: taskOf(request) }])
  return stepOf(request) < 3 ? look : Reply.text("Done", { usage })
})

describe("a swarm in a journal", () => {
  it.effect.each(moments)("makes no answered call again after an interruption at %i ms", (millis) =>
    Effect.gen(function* () {
      const { places, tools } = yield* makeTools
      const program = Swarm.durable("s", Swarm.run("Work", { tools }))
      yield* during(program, millis)
      const result = yield* settled(program, "1 minute")
      assert.deepStrictEqual([result.outcome._tag, result.text], ["Finished", "All done"])
      assert.deepStrictEqual(
        result.agents.map(({ text }) => text),
        ["1 is done", "2 is done", "3 is done"]
      )
      assert.deepStrictEqual([places.toSorted().join(), yield* succeeded], ["1,2,3", 9])
    }).pipe(Effect.provide(journaled()))
  )

  it.effect.each(moments)("has the same usage after an interruption at %i ms", (millis) =>
    Effect.gen(function* () {
      const { tools } = yield* makeTools
      const limits = { cost: { amount: "100", currency: "USD" } } as const
      const swarm = Swarm.run("Work", { tools, limits, request: { model: "kimi-k3" } })
      const whole = yield* settled(swarm, "1 minute")
      yield* during(Swarm.durable("s", swarm), millis)
      const { report } = yield* settled(Swarm.durable("s", swarm), "1 minute")
      const figures = ({ cost, criticalSteps, steps, toolCalls, usage }: typeof report) =>
        JSON.stringify([steps, toolCalls, usage, cost, criticalSteps])
      assert.strictEqual(figures(report), figures(whole.report))
    }).pipe(Effect.provide(journaled()))
  )

  it.effect("returns its result without a call when it is finished", () =>
    Effect.gen(function* () {
      const { tools } = yield* makeTools
      const program = Swarm.durable("s", Swarm.run("Work", { tools }))
      const first = yield* settled(program, "1 minute")
      const again = yield* program
      const times = ({ agents, wallMillis }: typeof first.report) =>
        agents.map(({ activities, end, id, start, usage }) => ({ id, start, end, activities, usage, wallMillis }))
      assert.deepStrictEqual(again.agents, first.agents)
      assert.deepStrictEqual(times(again.report), times(first.report))
      assert.strictEqual(yield* succeeded, 9)
    }).pipe(Effect.provide(journaled()))
  )

  it.effect("decodes the results of agents again when it is finished", () =>
    Effect.gen(function* () {
      const Answer = Schema.Struct({ at: Schema.DateTimeUtc })
      const program = Swarm.durable("s", Swarm.map({ items: ["1"], prompt: "{{item}}", result: Answer }))
      yield* settled(program, "1 minute")
      const [agent] = (yield* program).agents
      assert.deepStrictEqual(agent?.value, { at: DateTime.makeUnsafe(0) })
    }).pipe(Effect.provide(journaled(answering(() => '{"at":"1970-01-01T00:00:00.000Z"}'))))
  )

  it.effect("is divided between processes, whose calls are made once", () =>
    Effect.gen(function* () {
      const { places, tools } = yield* makeTools
      const program = Swarm.durable("s", Swarm.run("Work", { tools, initialConcurrency: 1, concurrency: 1 }))
      const results = yield* settled(Effect.all([program, program, program], { concurrency: 3 }), "1 minute")
      assert.deepStrictEqual(
        results.map(({ text }) => text),
        ["All done", "All done", "All done"]
      )
      assert.deepStrictEqual([places.toSorted().join(), yield* succeeded], ["1,2,3", 9])
    }).pipe(Effect.provide(journaled()))
  )

  it.effect.each(moments)("continues in another process when the first one ends at %i ms", (millis) =>
    Effect.gen(function* () {
      const { places, tools } = yield* makeTools
      const program = Swarm.durable("s", Swarm.run("Work", { tools, concurrency: 2 }))
      const first = yield* Effect.forkChild(program)
      const second = yield* Effect.forkChild(program)
      yield* TestClock.adjust(millis)
      yield* Fiber.interrupt(first)
      yield* TestClock.adjust("1 minute")
      const { text } = yield* Fiber.join(second)
      assert.deepStrictEqual([text, places.toSorted().join(), yield* succeeded], ["All done", "1,2,3", 9])
    }).pipe(Effect.provide(journaled()))
  )

  it.effect("does not run a tool again whose result is not known", () =>
    Effect.gen(function* () {
      const { paid, tools } = yield* makePayments
      yield* during(Swarm.durable("s", pay(tools)), 1_500)
      const { outcome } = yield* settled(Swarm.durable("s", pay(tools)), "1 minute")
      assert.strictEqual(outcome._tag === "Failed" ? outcome.error._tag : outcome._tag, "UncertainToolResultError")
      assert.deepStrictEqual(paid, ["ann"])
    }).pipe(Effect.provide(journaled(paying)))
  )

  it.effect.each([
    ["its result", { _tag: "Result", result: { content: "paid by hand", isFailure: false } }, "paid by hand", 1],
    ["another run", { _tag: "RunAgain" }, "paid ann", 2]
  ] as const)("continues a tool whose result is not known with %s", ([, resolution, text, times]) =>
    Effect.gen(function* () {
      const { paid, tools } = yield* makePayments
      yield* during(Swarm.durable("s", pay(tools)), 1_500)
      yield* settled(Swarm.durable("s", pay(tools)), "1 minute")
      const decided = Swarm.durable("s", pay(tools), { onUncertain: () => Effect.succeed(resolution) })
      const [agent] = (yield* settled(decided, "1 minute")).agents
      assert.include(agent?.text, text)
      assert.strictEqual(paid.length, times)
    }).pipe(Effect.provide(journaled(paying)))
  )

  it.effect("refuses another task", () =>
    Effect.gen(function* () {
      yield* during(Swarm.durable("s", Swarm.run("Work")), 1_500)
      const error = yield* Effect.flip(Swarm.durable("s", Swarm.run("Other work")))
      assert.strictEqual(error._tag, "JournalMismatchError")
    }).pipe(Effect.provide(journaled()))
  )

  it.effect("fails in its stream for another task", () =>
    Effect.gen(function* () {
      yield* during(Swarm.durable("s", Swarm.run("Work")), 1_500)
      const error = yield* Effect.flip(Stream.runDrain(Swarm.durableStream("s", Swarm.stream("Other work"))))
      assert.strictEqual(error._tag, "JournalMismatchError")
    }).pipe(Effect.provide(journaled()))
  )

  it.effect("fails when a recorded request has changed", () =>
    Effect.gen(function* () {
      yield* during(Swarm.durable("s", Swarm.run("Work")), 1_500)
      const changed = Swarm.run("Work", { orchestrator: { system: "Be brief." } })
      const { outcome } = yield* settled(Swarm.durable("s", changed), "1 minute")
      assert.strictEqual(outcome._tag === "Failed" ? outcome.error._tag : outcome._tag, "JournalMismatchError")
      assert.strictEqual(yield* succeeded, 1)
    }).pipe(Effect.provide(journaled()))
  )

  it.effect("continues with a higher limit", () =>
    Effect.gen(function* () {
      const { tools } = yield* makeTools
      const swarm = (toolCalls: number) => Swarm.durable("s", Swarm.run("Work", { tools, limits: { toolCalls } }))
      assert.strictEqual((yield* settled(swarm(1), "1 minute")).outcome._tag, "Limited")
      assert.strictEqual((yield* settled(swarm(9), "1 minute")).outcome._tag, "Finished")
    }).pipe(Effect.provide(journaled()))
  )

  it.effect.each([
    ["cost", (amount: string) => ({ cost: { amount, currency: "USD" } }) as const],
    ["tokens", (_: string, tokens: number) => ({ tokens })]
  ] as const)("stays within its limit of %s, which another process has used in part", ([, limitsOf]) =>
    Effect.gen(function* () {
      const { tools } = yield* makeTools
      const request = { model: "kimi-k3", max_completion_tokens: 1_000 }
      const items = ["1", "2", "3", "4", "5", "6"]
      const swarm = (limits: SwarmLimits, concurrency: number) =>
        Swarm.map({ items, prompt: "{{item}}", tools, request, limits, concurrency, initialConcurrency: concurrency })
      const whole = yield* settled(swarm({}, 6), "1 minute")
      const cost = ({ report }: SwarmResult) =>
        Number(BigDecimal.format(report.cost[0]?.total ?? BigDecimal.fromBigInt(0n)))
      const half = { cost: cost(whole) / 2, tokens: whole.report.usage.total_tokens / 2 }
      const limits = limitsOf(half.cost.toFixed(6), half.tokens)
      const before = yield* succeeded
      yield* during(Swarm.durable("s", swarm(limits, 6)), 2_700)
      const result = yield* settled(Swarm.durable("s", swarm(limits, 1)), "1 minute")
      assert.strictEqual(result.outcome._tag, "Limited")
      assert.isAtMost((yield* succeeded) - before, 12)
    }).pipe(Effect.provide(journaled(thorough)))
  )

  it.effect("ends when another process cancels it", () =>
    Effect.gen(function* () {
      const { tools } = yield* makeTools
      const program = Swarm.durable("s", Swarm.run("Work", { tools }))
      const fiber = yield* Effect.forkChild(program)
      yield* TestClock.adjust("1200 millis")
      yield* Swarm.cancel("s")
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* Fiber.join(fiber)).outcome._tag, "Cancelled")
      assert.strictEqual((yield* program).outcome._tag, "Cancelled")
      assert.strictEqual(yield* succeeded, 1)
    }).pipe(Effect.provide(journaled()))
  )

  it.effect("has a status while it runs", () =>
    Effect.gen(function* () {
      const { tools } = yield* makeTools
      const fiber = yield* Effect.forkChild(Swarm.durable("s", Swarm.run("Work", { tools })))
      yield* TestClock.adjust("3500 millis")
      const { agents, calls: made, state } = yield* Swarm.status("s")
      assert.deepStrictEqual(
        [state, agents[0], agents.length, made],
        ["Running", { id: "orchestrator", state: "Working" }, 4, 4]
      )
      yield* Fiber.interrupt(fiber)
      assert.strictEqual((yield* Swarm.status("s")).state, "Waiting")
    }).pipe(Effect.provide(journaled()))
  )

  it.effect("has no working agent once it is cancelled", () =>
    Effect.gen(function* () {
      const { tools } = yield* makeTools
      const fiber = yield* Effect.forkChild(Swarm.durable("s", Swarm.run("Work", { tools })))
      yield* TestClock.adjust("3500 millis")
      yield* Swarm.cancel("s")
      // Its process has not yet read that it is cancelled.
      const { agents, state } = yield* Swarm.status("s")
      assert.deepStrictEqual([state, agents.map((one) => one.state)], ["Cancelled", Array(4).fill("Cancelled")])
      yield* Fiber.interrupt(fiber)
    }).pipe(Effect.provide(journaled()))
  )

  it.effect("has the status of its end", () =>
    Effect.gen(function* () {
      const { tools } = yield* makeTools
      yield* settled(Swarm.durable("s", Swarm.run("Work", { tools })), "1 minute")
      const { agents, calls: made, state } = yield* Swarm.status("s")
      assert.deepStrictEqual(
        [state, made, new Set(agents.map((one) => one.state))],
        ["Finished", 12, new Set(["Done"] as const)]
      )
    }).pipe(Effect.provide(journaled()))
  )

  it.effect("does not resume what was never started", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(Swarm.resume("s", Swarm.run("Work")))
      assert.strictEqual(error._tag, "InvalidRequestError")
    }).pipe(Effect.provide(journaled()))
  )

  it.effect("refuses a poll interval of zero", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(Swarm.durable("s", Swarm.run("Work"), { pollInterval: 0 }))
      assert.strictEqual(error._tag, "InvalidRequestError")
    }).pipe(Effect.provide(journaled()))
  )

  it.effect("refuses a policy that is no function", () =>
    Effect.gen(function* () {
      const options = { onUncertain: "retry" as unknown as undefined }
      const error = yield* Effect.flip(Swarm.durable("s", Swarm.run("Work"), options))
      assert.strictEqual(error._tag, "InvalidRequestError")
      assert.strictEqual(error.message, "onUncertain must be a function that returns an Effect")
    }).pipe(Effect.provide(journaled()))
  )
})
