import { assert, describe, it } from "@effect/vitest"
import { KimiClient } from "@kimi-effect/client"
import * as AgentLoop from "@kimi-effect/client/agent/AgentLoop"
import * as AgentState from "@kimi-effect/client/agent/AgentState"
import { KimiConfig } from "@kimi-effect/core"
import { MockProvider, Reply, Script } from "@kimi-effect/testing"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { assertAccepted, calls, collect, makeTools, settled } from "./support/agent.ts"

const steps = 300

/** Every kind of failure, which the client retries or which ends the run. */
const faults: ReadonlyArray<Script.Answer> = [
  Reply.serverError(),
  Reply.rateLimited({ retryAfter: "2 seconds" }),
  Reply.overloaded(),
  Reply.connectionLost(),
  Reply.unavailable(),
  Reply.emptyResponse(),
  Reply.malformedOutput(),
  Reply.unauthorized(),
  Reply.quotaExceeded(),
  Reply.contentFiltered(),
  Reply.reasoningExhausted()
]

/** Failures of a stream, after its first events. */
const streamFaults: ReadonlyArray<Script.Answer> = [
  Reply.streamInterrupted(),
  Reply.streamTruncated(),
  Reply.streamCorrupted(),
  Reply.streamFailed()
]

/** Fails the first request of each step, and answers the next with a call of the step's own tool. */
const makeScript = (faults: ReadonlyArray<Script.Answer>): Script.AnswerFunction => {
  const failed = new Set<number>()
  return (request) => {
    const step = request.messages.filter(({ role }) => role === "tool").length
    const fault = faults[step % faults.length]
    if (!failed.has(step) && fault !== undefined) {
      failed.add(step)
      return fault
    }
    return step === steps ? Reply.text("Done") : calls(["note", { text: `${step}` }])
  }
}

/** A client with all its stages. */
const client = (faults: ReadonlyArray<Script.Answer>) =>
  KimiClient.layerTransport.pipe(
    Layer.provideMerge(MockProvider.layerTransport({ script: makeScript(faults) })),
    Layer.provide(KimiConfig.layer({ apiKey: Redacted.make("sk-test"), model: "kimi-k3" }))
  )

describe("a loop of 300 steps with a failure in every step", () => {
  it.effect.each(["run", "stream"] as const)("finishes with each tool run once: %s", (kind) =>
    Effect.gen(function* () {
      const { log, tools } = yield* makeTools
      const options = { tools, limits: { steps: 400, toolCalls: 400 } }
      const resume = (state: AgentState.AgentState) =>
        kind === "run"
          ? AgentLoop.resume(state, options)
          : Effect.map(collect(AgentLoop.resumeStream(state, options)), ({ result }) => result)
      let result = yield* settled(resume(AgentState.make([{ role: "user", content: "Go" }])))
      let failures = 0
      while (result.outcome._tag === "Stopped") {
        failures++
        assertAccepted(result.messages)
        result = yield* settled(resume(result.state))
      }
      assert.deepStrictEqual(result.outcome, { _tag: "Finished", finishReason: "stop" })
      assert.deepStrictEqual(
        log,
        Array.from({ length: steps }, (_, step) => `note ${step}`)
      )
      assert.deepStrictEqual([result.steps, result.toolCalls], [steps + 1, steps])
      assert.isAbove(failures, 50)
      assertAccepted(result.messages)
    }).pipe(Effect.provide(client(kind === "run" ? faults : [...faults, ...streamFaults])))
  )
})
