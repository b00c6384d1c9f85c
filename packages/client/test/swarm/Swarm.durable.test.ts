import { assert, describe, it } from "@effect/vitest"
import type { AgentHooks } from "@kimi-effect/client/agent/AgentHooks"
import type { CallResult } from "@kimi-effect/client/agent/AgentState"
import { Swarm, SwarmState } from "@kimi-effect/client/swarm"
import type { ChatResponse } from "@kimi-effect/core/ChatResponse"
import { MockProvider } from "@kimi-effect/testing"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { TestClock } from "effect/testing"
import { at, makeTools, settled } from "./support/swarm.ts"
import { moments, team } from "./support/team.ts"

/** Returns what it has recorded, in place of another call. */
const makeRecording = () => {
  const responses = new Map<string, ChatResponse>()
  const results = new Map<string, CallResult>()
  const recorded = <A, E>(known: Map<string, A>, key: string, make: Effect.Effect<A, E>): Effect.Effect<A, E> => {
    const before = known.get(key)
    return before === undefined
      ? Effect.tap(make, (value) => Effect.sync(() => known.set(key, value)))
      : Effect.succeed(before)
  }
  const hooks: AgentHooks = {
    callModel: ({ agent, step }, make) => recorded(responses, `${agent}/${step}`, make),
    callTool: ({ agent, position, step }, run) => recorded(results, `${agent}/${step}/${position}`, run)
  }
  return hooks
}

describe("a swarm that continues", () => {
  it.effect.each(moments)(
    "from its last state after an interruption at %i ms, without a repeated tool call",
    (millis) =>
      Effect.gen(function* () {
        const { places, tools } = yield* makeTools
        let stored = ""
        const checkpoint = (state: SwarmState.SwarmState) => Effect.sync(() => void (stored = JSON.stringify(state)))
        const fiber = yield* Effect.forkChild(Swarm.run("Work", { tools, checkpoint }))
        yield* TestClock.adjust(millis)
        yield* Fiber.interrupt(fiber)
        const mock = yield* MockProvider.MockProvider
        const { succeeded } = yield* mock.statistics
        const state = stored === "" ? undefined : yield* SwarmState.decode(JSON.parse(stored))
        const again = state === undefined ? Swarm.run("Work", { tools }) : Swarm.resume(state, "Work", { tools })
        const result = yield* settled(again)
        assert.deepStrictEqual([result.outcome._tag, result.text], ["Finished", "All done"])
        assert.deepStrictEqual(
          result.agents.map(({ text }) => text),
          ["1 is done", "2 is done", "3 is done"]
        )
        assert.deepStrictEqual(places.toSorted(), ["1", "2", "3"])
        // Each of the nine responses was received once.
        const statistics = yield* mock.statistics
        assert.strictEqual(statistics.succeeded, 9)
        assert.isAtMost(succeeded, 9)
      }).pipe(at(team))
  )

  it.effect.each(moments)("from recorded calls after an interruption at %i ms, without a repeated one", (millis) =>
    Effect.gen(function* () {
      const { places, tools } = yield* makeTools
      const hooks = makeRecording()
      const fiber = yield* Effect.forkChild(Swarm.run("Work", { tools, hooks }))
      yield* TestClock.adjust(millis)
      yield* Fiber.interrupt(fiber)
      const result = yield* settled(Swarm.run("Work", { tools, hooks }))
      assert.strictEqual(result.text, "All done")
      assert.strictEqual(places.length, 3)
      const mock = yield* MockProvider.MockProvider
      assert.strictEqual((yield* mock.statistics).succeeded, 9)
    }).pipe(at(team))
  )
})
