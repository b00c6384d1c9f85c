import { assert, describe, it } from "@effect/vitest"
import * as AgentLoop from "@kimi-effect/client/agent/AgentLoop"
import type { RunOptions } from "@kimi-effect/client/agent/AgentOptions"
import * as AgentState from "@kimi-effect/client/agent/AgentState"
import * as ToolSet from "@kimi-effect/client/agent/ToolSet"
import { MockProvider, Reply, Script } from "@kimi-effect/testing"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as Random from "effect/Random"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import { TestClock } from "effect/testing"
import { runs, seedOf, timeLimit } from "../../../../test/support/depth.ts"
import { assertAccepted, at, calls, makeTools, outcomeOf, settled, toolTexts } from "./support/agent.ts"

/** Four turns with tools that take seconds, each after a wait for the model, by the results that the request has. */
const script: Script.Script = (request) => {
  const results = request.messages.filter(({ role }) => role === "tool").length
  const turn = results / 3
  const reply =
    turn >= 4
      ? Reply.text("Done")
      : calls(["wait", { seconds: 3 + turn }], ["read", { path: `${turn}` }], ["note", { text: `${turn}` }])
  return Effect.delay(Effect.succeed(reply), "4 seconds")
}

/** The last state that a run has stored. */
const makeStore = () => {
  let latest: AgentState.AgentState | undefined
  return {
    hooks: { checkpoint: (state: AgentState.AgentState) => Effect.sync(() => void (latest = state)) },
    read: () => {
      assert(latest !== undefined)
      return AgentState.decode(JSON.parse(JSON.stringify(latest)))
    }
  }
}

const kinds = ["run", "stream"] as const

describe.each(kinds)("an interrupted %s", (kind) => {
  const start = (options: RunOptions) =>
    kind === "run" ? AgentLoop.run(options) : Stream.runDrain(AgentLoop.stream(options))

  it.effect(
    "leaves a history that the host accepts, at every moment",
    () =>
      Effect.gen(function* () {
        for (let i = 0; i < runs({ sample: 30, deep: 1_000 }); i++) {
          const millis = yield* Random.nextIntBetween(0, 40_000)
          const { tools } = yield* makeTools
          const store = makeStore()
          const fiber = yield* Effect.forkChild(start({ prompt: "Go", tools, hooks: store.hooks }))
          yield* TestClock.adjust(millis)
          yield* Fiber.interrupt(fiber)
          const state = yield* store.read()
          assertAccepted(AgentState.messages(state))
        }
      }).pipe(Random.withSeed(seedOf("interrupted agents")), at(script)),
    timeLimit(300_000)
  )

  it.effect(
    "continues to its end, without running a tool again that may have taken effect",
    () =>
      Effect.gen(function* () {
        for (let i = 0; i < runs({ sample: 30, deep: 1_000 }); i++) {
          const { log, tools } = yield* makeTools
          const store = makeStore()
          const options = { tools, hooks: store.hooks }
          let fiber = yield* Effect.forkChild(Effect.asVoid(start({ prompt: "Go", ...options })))
          for (let times = 0; times < 3; times++) {
            yield* TestClock.adjust(yield* Random.nextIntBetween(0, 15_000))
            yield* Fiber.interrupt(fiber)
            const state = yield* store.read()
            fiber = yield* Effect.forkChild(Effect.asVoid(AgentLoop.resume(state, options)))
          }
          yield* TestClock.adjust("1 hour")
          yield* Fiber.join(fiber)
          const state = yield* store.read()
          assert.strictEqual(state.finishReason, "stop")
          assertAccepted(AgentState.messages(state))
          const notes = log.filter((entry) => entry.startsWith("note"))
          assert.deepStrictEqual(notes, ["note 0", "note 1", "note 2", "note 3"])
          const waits = log.filter((entry) => entry.startsWith("wait"))
          assert.strictEqual(new Set(waits.map((entry) => entry.split(" ")[1])).size, waits.length)
        }
      }).pipe(Random.withSeed(seedOf("resumed agents")), at(script)),
    timeLimit(300_000)
  )
})

describe("a tool call that was running when the run was interrupted", () => {
  const interruptAfter = (millis: number) =>
    Effect.gen(function* () {
      const { log, tools } = yield* makeTools
      const store = makeStore()
      const options = { tools, hooks: store.hooks }
      const fiber = yield* Effect.forkChild(AgentLoop.run({ prompt: "Go", ...options }))
      yield* TestClock.adjust(millis)
      yield* Fiber.interrupt(fiber)
      const result = yield* settled(AgentLoop.resume(yield* store.read(), options))
      return { log, result }
    })

  it.effect("has a result that it was interrupted", () =>
    Effect.gen(function* () {
      const { log, result } = yield* interruptAfter(2_000)
      assert.deepStrictEqual(log, ["wait 60 interrupted"])
      assert.deepStrictEqual(toolTexts(result.messages), [
        "This call was interrupted before it returned. Whether it took effect is not known."
      ])
      assert.deepStrictEqual([outcomeOf(result), result.text], ["Finished", "Done"])
    }).pipe(at([calls(["wait", { seconds: 60 }]), "Done"]))
  )

  it.effect("runs again if its tool is read-only", () =>
    Effect.gen(function* () {
      const { log, result } = yield* interruptAfter(500)
      assert.deepStrictEqual(log, ["read x interrupted", "read x done"])
      assert.deepStrictEqual(toolTexts(result.messages), ["read x done"])
    }).pipe(at([calls(["read", { path: "x" }]), "Done"]))
  )

  it.effect("stays approved", () =>
    Effect.gen(function* () {
      const { log, tools } = yield* makeTools
      const first = yield* AgentLoop.run({ prompt: "Go", tools })
      const decisions = AgentState.approvals(first.state).map(AgentState.approve)
      const stopped = yield* settled(
        AgentLoop.resume(first.state, { tools, decisions, limits: { toolCalls: 1, steps: 1 } })
      )
      assert.deepStrictEqual([outcomeOf(stopped), log], ["StepLimitError", []])
      const result = yield* AgentLoop.resume(stopped.state, { tools })
      assert.deepStrictEqual([outcomeOf(result), log], ["Finished", ["remove x"]])
    }).pipe(at([calls(["remove", { path: "x" }]), "Done"]))
  )
})

/** A tool whose handler has a bug, and what the run writes to the log. */
const runBroken = (
  members: Pick<RunOptions, "hooks" | "onToolError"> = {},
  handler: Effect.Effect<string> = Effect.sync(() => {
    throw new TypeError("hunter2\nis the password")
  })
) =>
  Effect.gen(function* () {
    const { log, tools } = yield* makeTools
    const broken = { ...tools, run: () => handler as Effect.Effect<never> }
    const lines: Array<string> = []
    const logger = Logger.make(({ message }) => void lines.push(String(message)))
    const options = { prompt: "Go", tools: broken, ...members }
    const result = yield* AgentLoop.run(options).pipe(Effect.provide(Logger.layer([logger])))
    return { result, lines, log }
  })

const note = calls(["note", { text: "a" }])

describe("a tool that throws", () => {
  it.effect("is a failed call for the model by default", () =>
    Effect.gen(function* () {
      const { result } = yield* runBroken()
      assert.deepStrictEqual([outcomeOf(result), result.steps], ["Finished", 2])
      assert.deepStrictEqual(toolTexts(result.messages), ["Error: The tool note failed with TypeError."])
      assertAccepted(result.messages)
    }).pipe(at([note, "Done"]))
  )

  it.effect("ends the run by the policy `end`, with what was paid for", () =>
    Effect.gen(function* () {
      const { result } = yield* runBroken({ onToolError: "end" })
      const { outcome } = result
      assert(outcome._tag === "Stopped" && outcome.error._tag === "ToolExecutionError")
      assert.deepStrictEqual([outcome.error.failure, result.usage.total_tokens > 0], ["TypeError", true])
      assertAccepted(result.messages)
    }).pipe(at([note]))
  )

  it.effect("is logged with its frames but no message", () =>
    Effect.gen(function* () {
      const { lines } = yield* runBroken()
      assert.lengthOf(lines, 1)
      assert.match(lines[0] ?? "", /^The tool note threw TypeError\n +at .*AgentLoop\.interruption\.test/)
      assert.notMatch(lines[0] ?? "", /hunter2|password/)
    }).pipe(at([note, "Done"]))
  )

  it.effect("is a failed call if it interrupts itself", () =>
    Effect.gen(function* () {
      const { result } = yield* runBroken({}, Effect.interrupt)
      assert.deepStrictEqual(toolTexts(result.messages), ["Error: The tool note was interrupted."])
    }).pipe(at([note, "Done"]))
  )

  for (const member of ["decode", "run"] as const) {
    it.effect(`is a failed call if \`${member}\` of a wrapped set throws`, () =>
      Effect.gen(function* () {
        const { tools } = yield* makeTools
        const wrapped: typeof tools = {
          ...tools,
          [member]: () => {
            throw new RangeError("a bug")
          }
        }
        const result = yield* AgentLoop.run({ prompt: "Go", tools: wrapped })
        assert.deepStrictEqual(toolTexts(result.messages), ["Error: The tool note failed with RangeError."])
      }).pipe(at([note, "Done"]))
    )
  }

  it.effect("does not run if it throws in `needsApproval`", () =>
    Effect.gen(function* () {
      const tool = Tool.make("note", {
        parameters: Schema.Struct({ text: Schema.String }),
        needsApproval: () => {
          throw new RangeError("a bug")
        }
      })
      const kit = Toolkit.make(tool)
      const handler = kit.toLayer({ note: () => Effect.die("it ran") })
      const tools = yield* Effect.provide(ToolSet.make(kit), handler)
      const result = yield* AgentLoop.run({ prompt: "Go", tools })
      assert.deepStrictEqual(toolTexts(result.messages), ["Error: The tool note failed with RangeError."])
    }).pipe(at([note, "Done"]))
  )
})

describe("a defect of a hook", () => {
  it.effect("ends the run after its state is stored", () =>
    Effect.gen(function* () {
      const { tools } = yield* makeTools
      const store = makeStore()
      const hooks = { ...store.hooks, callTool: () => Effect.die(new Error("a bug")) }
      const exit = yield* Effect.exit(AgentLoop.run({ prompt: "Go", tools, hooks }))
      assert.strictEqual(exit._tag, "Failure")
      const state = yield* store.read()
      assert.strictEqual(state.steps, 1)
      assertAccepted(AgentState.messages(state))
      const mock = yield* MockProvider.MockProvider
      yield* mock.attempts(1)
    }).pipe(at([note]))
  )
})
