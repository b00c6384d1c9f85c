import { assert, describe, it } from "@effect/vitest"
import type { AgentHooks } from "@kimi-effect/client/agent/AgentHooks"
import * as AgentLoop from "@kimi-effect/client/agent/AgentLoop"
import type { AgentState, CallResult } from "@kimi-effect/client/agent/AgentState"
import type { ChatResponse } from "@kimi-effect/core/ChatResponse"
import { JournalStoreError, UncertainToolResultError } from "@kimi-effect/core/JournalErrors"
import { MockProvider } from "@kimi-effect/testing"
import * as Effect from "effect/Effect"
import { assertAccepted, at, calls, collect, makeTools, outcomeOf, runWith, settled } from "./support/agent.ts"

const turns = [calls(["note", { text: "a" }], ["read", { path: "x" }]), calls(["note", { text: "b" }]), "Done"] as const

/** Records each call under its key, and returns what is recorded in place of another call. */
const makeJournal = () => {
  const responses = new Map<string, ChatResponse>()
  const results = new Map<string, CallResult>()
  const hooks: AgentHooks = {
    callModel: ({ agent, step }, make) => {
      const key = `${agent}/${step}`
      const known = responses.get(key)
      return known === undefined
        ? Effect.tap(make, (response) => Effect.sync(() => responses.set(key, response)))
        : Effect.succeed(known)
    },
    callTool: ({ agent, position, step }, run) => {
      const key = `${agent}/${step}/${position}`
      const known = results.get(key)
      return known === undefined
        ? Effect.tap(run, (result) => Effect.sync(() => results.set(key, result)))
        : Effect.succeed(known)
    }
  }
  return { hooks, responses, results }
}

const storeError = new JournalStoreError({ message: "The disk is full", store: "sqlite", operation: "append" })

describe("hooks around the calls of a run", () => {
  it.effect("replay a run from what they recorded, without another call", () =>
    Effect.gen(function* () {
      const { log, tools } = yield* makeTools
      const journal = makeJournal()
      const options = { prompt: "Go", tools, agent: "clerk", hooks: journal.hooks }
      const first = yield* settled(AgentLoop.run(options))
      const second = yield* settled(AgentLoop.run(options))
      assert.deepStrictEqual(
        [[...journal.responses.keys()], [...journal.results.keys()].toSorted()],
        [
          ["clerk/1", "clerk/2", "clerk/3"],
          ["clerk/1/0", "clerk/1/1", "clerk/2/0"]
        ]
      )
      assert.deepStrictEqual(log, ["note a", "read x done", "note b"])
      assert.deepStrictEqual([second.messages, second.usage, second.cost], [first.messages, first.usage, first.cost])
      const mock = yield* MockProvider.MockProvider
      yield* mock.attempts(3)
    }).pipe(at(turns))
  )

  it.effect("give a streamed run the deltas of a recorded response", () =>
    Effect.gen(function* () {
      const { tools } = yield* makeTools
      const { hooks } = makeJournal()
      yield* settled(AgentLoop.run({ prompt: "Go", tools, hooks }))
      const { events } = yield* settled(collect(AgentLoop.stream({ prompt: "Go", tools, hooks })))
      const texts = events.flatMap((event) => (event._tag === "Text" ? [event.text] : []))
      assert.deepStrictEqual(texts, ["Done"])
    }).pipe(at(turns))
  )

  it.effect("know which tools may run twice", () =>
    Effect.gen(function* () {
      const seen: Array<readonly [string, boolean]> = []
      const callTool: AgentHooks["callTool"] = ({ callId, isRepeatable }, run) => {
        seen.push([callId, isRepeatable])
        return run
      }
      yield* settled(runWith({ hooks: { callTool } }))
      assert.deepStrictEqual(seen, [
        ["1/0", false],
        ["1/1", true],
        ["2/0", false]
      ])
    }).pipe(at(turns))
  )

  it.effect("end the run with their error, regardless of the policy of tools", () =>
    Effect.gen(function* () {
      const callTool = ({ callId, tool }: { readonly callId: string; readonly tool: string }) =>
        Effect.fail(new UncertainToolResultError({ message: "It may have run", key: "1/0", tool, callId }))
      const { log, result } = yield* runWith({ hooks: { callTool }, onToolError: "return" })
      assert.deepStrictEqual([outcomeOf(result), log], ["UncertainToolResultError", []])
      assertAccepted(result.messages)
    }).pipe(at(turns))
  )

  it.effect.each(["callModel", "callTool", "checkpoint"])("end the run when they return no Effect: %s", (name) =>
    Effect.gen(function* () {
      const { result } = yield* runWith({ hooks: { [name]: async () => {} } })
      assert(result.outcome._tag === "Stopped")
      assert.deepInclude(result.outcome.error, { _tag: "InvalidRequestError", parameter: `hooks.${name}` })
    }).pipe(at(turns))
  )

  it.effect("end the run before a call of the model", () =>
    Effect.gen(function* () {
      const { result } = yield* runWith({ hooks: { callModel: () => Effect.fail(storeError) } })
      assert.deepStrictEqual([outcomeOf(result), result.steps], ["JournalStoreError", 0])
      const mock = yield* MockProvider.MockProvider
      yield* mock.attempts(0)
    }).pipe(at(turns))
  )

  it.effect("apply the policy of tools to a recorded error", () =>
    Effect.gen(function* () {
      const { log, tools } = yield* makeTools
      const { hooks } = makeJournal()
      const options = { prompt: "Go", tools, hooks, onToolError: "end" } as const
      const first = yield* AgentLoop.run(options)
      const second = yield* AgentLoop.run(options)
      assert.deepStrictEqual(
        [outcomeOf(first), outcomeOf(second), log],
        ["ToolExecutionError", "ToolExecutionError", ["fail"]]
      )
    }).pipe(at([calls(["fail", {}])]))
  )
})

describe("the checkpoint of a run", () => {
  it.effect("stores the state around each tool call", () =>
    Effect.gen(function* () {
      const seen: Array<string> = []
      const checkpoint = (state: AgentState) =>
        Effect.sync(() => void seen.push(`${state.steps}: ${state.calls.map(({ status }) => status).join()}`))
      yield* settled(runWith({ hooks: { checkpoint }, toolConcurrency: 1 }))
      assert.deepStrictEqual(seen, [
        "1: pending,pending",
        "1: started,pending",
        "1: done,pending",
        "1: done,started",
        "1: ",
        "2: pending",
        "2: started",
        "2: ",
        "3: "
      ])
    }).pipe(at(turns))
  )

  it.effect("never stores an older state after a newer one", () =>
    Effect.gen(function* () {
      const seen: Array<number> = []
      let delay = 5
      const checkpoint = (state: AgentState) =>
        Effect.delay(
          Effect.sync(() => void seen.push(state.toolCalls)),
          `${(delay = delay === 0 ? 5 : delay - 1)} seconds`
        )
      yield* settled(runWith({ hooks: { checkpoint } }))
      assert.deepStrictEqual(
        seen,
        seen.toSorted((a, b) => a - b)
      )
    }).pipe(at([calls(...Array.from({ length: 6 }, (_, i) => ["read", { path: `${i}` }] as const)), "Done"]))
  )

  it.effect("ends the run when it fails, before the tool runs", () =>
    Effect.gen(function* () {
      const checkpoint = ({ calls: [call] }: AgentState) =>
        call?.status === "started" ? Effect.fail(storeError) : Effect.void
      const { log, result } = yield* runWith({ hooks: { checkpoint } })
      assert.deepStrictEqual([outcomeOf(result), log], ["JournalStoreError", []])
      assertAccepted(result.messages)
    }).pipe(at([calls(["note", { text: "a" }])]))
  )
})

describe("the checkpoint of a run that is stopped", () => {
  it.effect("stores what a deadline kept from being stored", () =>
    Effect.gen(function* () {
      const { tools } = yield* makeTools
      let stored: AgentState | undefined
      let writes = 0
      const checkpoint = (state: AgentState) =>
        Effect.andThen(
          Effect.sleep(writes++ === 0 ? "10 seconds" : 0),
          Effect.sync(() => void (stored = state))
        )
      const { outcome, steps } = yield* settled(
        AgentLoop.run({ prompt: "Go", tools, limits: { duration: "5 seconds" }, hooks: { checkpoint } })
      )
      assert.strictEqual(outcome._tag, "Stopped")
      assert.strictEqual(stored?.steps, steps)
    }).pipe(at(turns))
  )
})
