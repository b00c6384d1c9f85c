import { assert, describe, it } from "@effect/vitest"
import * as AgentLoop from "@kimi-effect/client/agent/AgentLoop"
import * as AgentState from "@kimi-effect/client/agent/AgentState"
import { Reply, Script } from "@kimi-effect/testing"
import * as Effect from "effect/Effect"
import { assertAccepted, at, calls, makeTools, outcomeOf, runWith, toolTexts } from "./support/agent.ts"

const same = calls(["note", { text: "again" }])

/** The repetitions whose result has a reminder. */
const reminded = (texts: ReadonlyArray<string>): ReadonlyArray<number> =>
  texts.flatMap((text, index) => (text.includes("times in a row") ? [index + 1] : []))

describe("equal tool calls in a row", () => {
  it.effect("are reminded of at the third, fifth, eighth", () =>
    Effect.gen(function* () {
      const { result } = yield* runWith()
      assert.deepStrictEqual(reminded(toolTexts(result.messages)), [3, 5, 8])
      assert.match(toolTexts(result.messages)[2] ?? "", /^again\n\nYou have made this call 3 times/)
    }).pipe(at(Script.repeat([same])))
  )

  it.effect("end the run at the ninth, which is not run", () =>
    Effect.gen(function* () {
      const { log, result } = yield* runWith()
      const { outcome } = result
      assert(outcome._tag === "Stopped" && outcome.error._tag === "RepeatedToolCallError")
      assert.deepStrictEqual([outcome.error.tool, outcome.error.count, log.length], ["note", 9, 8])
      assertAccepted(result.messages)
    }).pipe(at(Script.repeat([same])))
  )

  it.effect("are counted within a turn", () =>
    Effect.gen(function* () {
      const { log, result } = yield* runWith({ limits: { repeats: { remindAt: [2], stopAt: 4 } } })
      assert.strictEqual(outcomeOf(result), "RepeatedToolCallError")
      assert.deepStrictEqual(log, ["note again", "note again"])
      assert.deepStrictEqual(reminded(toolTexts(result.messages)), [2])
    }).pipe(at(Script.repeat([calls(["note", { text: "again" }], ["note", { text: "again" }])])))
  )

  it.effect("are reminded of if they run nothing", () =>
    Effect.gen(function* () {
      const { log, result } = yield* runWith()
      assert.deepStrictEqual([reminded(toolTexts(result.messages)), log], [[3, 5, 8], []])
    }).pipe(at(Script.repeat([calls(["format_disk", {}])])))
  )

  it.effect("are equal regardless of white space in their arguments", () =>
    Effect.gen(function* () {
      const { result } = yield* runWith({ limits: { repeats: { stopAt: 2 } } })
      assert.strictEqual(outcomeOf(result), "RepeatedToolCallError")
    }).pipe(at([calls(["note", '{"text":"x"}']), calls(["note", '{ "text": "x" }'])]))
  )

  it.effect("begin at one again after a turn without the call", () =>
    Effect.gen(function* () {
      const { result } = yield* runWith({ limits: { repeats: { stopAt: 3 } } })
      assert.strictEqual(outcomeOf(result), "Finished")
    }).pipe(at([same, same, calls(["note", { text: "other" }]), same, same, "Done"]))
  )

  it.effect("are equal only if their arguments are", () =>
    Effect.gen(function* () {
      const { result } = yield* runWith({ limits: { repeats: { stopAt: 2 } } })
      assert.strictEqual(outcomeOf(result), "Finished")
    }).pipe(
      at([calls(["note", { text: "1" }]), calls(["note", { text: "2" }]), calls(["read", { text: "2" }]), "Done"])
    )
  )

  it.effect("may be made any number of times with repeats: false", () =>
    Effect.gen(function* () {
      const { result } = yield* runWith({ limits: { repeats: false } })
      assert.deepStrictEqual([outcomeOf(result), result.toolCalls], ["Finished", 20])
      assert.deepStrictEqual(reminded(toolTexts(result.messages)), [])
    }).pipe(at([Script.take(20, Script.repeat([same])), "Done"]))
  )

  it.effect("begin at one again after a message of the user", () =>
    Effect.gen(function* () {
      const { tools } = yield* makeTools
      const limits = { repeats: { stopAt: 2 } }
      const first = yield* AgentLoop.run({ prompt: "Go", tools, limits })
      assert.strictEqual(outcomeOf(first), "RepeatedToolCallError")
      const asked = AgentState.addMessages({ role: "user", content: "Once more" })(first.state)
      const second = yield* AgentLoop.resume(asked, { tools, limits })
      assert.deepStrictEqual([outcomeOf(second), second.text], ["Finished", "Done"])
      assertAccepted(second.messages)
    }).pipe(at([same, same, same, "Done"]))
  )
})

describe("limits of equal calls", () => {
  it.effect.each([3, "3", null, { stopAt: 0 }, { stopAt: 1.5 }, { remindAt: 3 }, { remindAt: ["3"] }])(
    "are refused as %j",
    (given) =>
      Effect.gen(function* () {
        const limits = { repeats: given as { readonly stopAt: number } }
        const error = yield* Effect.flip(AgentLoop.run({ prompt: "Go", limits }))
        assert.strictEqual(error.parameter, "limits.repeats")
        assert.include(error.message, "{ remindAt: [3], stopAt: 9 }")
      }).pipe(at([]))
  )
})

describe("arguments of a hundred thousand levels", () => {
  const text = `{"text":${"[".repeat(100_000)}${"]".repeat(100_000)}}`
  const deep = Reply.completion({
    choices: [
      {
        index: 0,
        finish_reason: "tool_calls",
        message: {
          role: "assistant",
          content: "",
          reasoning_content: "Deeper.",
          tool_calls: [{ id: "note_0", type: "function", function: { name: "note", arguments: text } }]
        }
      }
    ]
  })

  it.effect("are answered to the model", () =>
    Effect.gen(function* () {
      const { log, result } = yield* runWith()
      assert.deepStrictEqual([outcomeOf(result), log], ["Finished", []])
      assert.match(toolTexts(result.messages)[0] ?? "", /nested deeper than 256 levels/)
    }).pipe(at([deep, "Done"]))
  )

  it.effect("are counted as equal", () =>
    Effect.gen(function* () {
      const { result } = yield* runWith()
      assert.strictEqual(outcomeOf(result), "RepeatedToolCallError")
    }).pipe(at(Script.repeat([deep])))
  )
})
