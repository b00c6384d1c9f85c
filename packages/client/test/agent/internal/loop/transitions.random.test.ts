import { assert, describe, it } from "@effect/vitest"
import * as AgentState from "@kimi-effect/client/agent/AgentState"
import { ChatResponse } from "@kimi-effect/core/ChatResponse"
import { fromTokens } from "@kimi-effect/core/Usage"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Result from "effect/Result"
import { runs, seedOf, timeLimit } from "../../../../../../test/support/depth.ts"
import * as Limits from "../../../../src/agent/internal/loop/limits.ts"
import { next } from "../../../../src/agent/internal/loop/next.ts"
import * as Transitions from "../../../../src/agent/internal/loop/transitions.ts"
import { assertAccepted } from "../../support/agent.ts"

const user = { role: "user", content: "Go" } as const
const charge = { usage: fromTokens(10, 5), isEstimate: false, cost: Option.none() }
const limits = Result.getOrThrow(Limits.resolve({ repeats: false, steps: 1_000, toolCalls: 1_000 }))

const randomBelow = (end: number): Effect.Effect<number> => Random.nextIntBetween(0, end, { halfOpen: true })

const pick = <A>(items: readonly [A, ...ReadonlyArray<A>]): Effect.Effect<A> =>
  Effect.map(randomBelow(items.length), (index) => items[index] ?? items[0])

/** A response with up to three calls, whose ids the host repeats or leaves blank. */
const randomResponse = Effect.gen(function* () {
  const count = yield* randomBelow(4)
  const calls = yield* Effect.forEach(Array.from({ length: count }), () =>
    Effect.map(Effect.all([pick(["rm_0", "rm_0", "rm_1", ""]), pick(['{"a":1}', "{", "null"])]), ([id, args]) => ({
      id,
      type: "function",
      function: { name: "rm", arguments: args }
    }))
  )
  const reasoning = yield* pick([undefined, "Hm"])
  return new ChatResponse({
    id: "1",
    model: "kimi-k3",
    created: 1,
    choices: [
      {
        index: 0,
        message: {
          role: "assistant",
          content: count === 0 ? "Text" : "",
          ...(reasoning === undefined ? {} : { reasoning_content: reasoning }),
          ...(count === 0 ? {} : { tool_calls: calls })
        },
        finish_reason: yield* pick(["tool_calls", "stop", "length", "content_filter", "refusal"])
      }
    ]
  })
})

/** One step of a call that can continue. */
const advance = (state: AgentState.AgentState, call: AgentState.AgentCall) =>
  Effect.map(pick<"awaiting" | "started" | "done">(["awaiting", "started", "done", "done"]), (status) =>
    status === "done" || call.status === "started"
      ? Transitions.setResult(state, call.callId, { content: "result", isFailure: false })
      : status === "awaiting" && call.status !== "pending"
        ? state
        : Transitions.setStatus(state, call.callId, status)
  )

const decide = (state: AgentState.AgentState) =>
  Effect.gen(function* () {
    if ((yield* randomBelow(5)) === 0) return AgentState.addMessages(user)(state)
    const decided = AgentState.approvals(state).slice(0, 1 + (yield* randomBelow(2)))
    const decisions = yield* Effect.forEach(decided, (approval) =>
      Effect.map(pick([true, false]), (isApproved) =>
        isApproved ? AgentState.approve(approval) : AgentState.reject(approval)
      )
    )
    return Result.getOrThrow(Transitions.decide(state, decisions))
  })

/** Any transition that is possible. */
const transition = (state: AgentState.AgentState) =>
  Effect.gen(function* () {
    const action = next(state, limits)
    switch (action._tag) {
      case "CallModel":
        return Transitions.respond(state, yield* randomResponse, charge, true)
      case "RunTools": {
        const call = action.calls[yield* randomBelow(action.calls.length)]
        assert(call !== undefined)
        return yield* advance(state, call)
      }
      case "AwaitApprovals":
        return yield* decide(state)
      case "Finish":
        return AgentState.addMessages(user)(state)
      case "Stop":
        return assert.fail(action.error.message)
    }
  })

describe("any order of transitions", () => {
  it.effect(
    "keeps a history that the host accepts, which survives JSON",
    () =>
      Effect.gen(function* () {
        for (let run = 0; run < runs({ sample: 60, deep: 3_000 }); run++) {
          let state = AgentState.make([user])
          const ids = new Set<string>()
          for (let step = 0; step < 40; step++) {
            const before = state
            state = yield* transition(state)
            assertAccepted(AgentState.messages(state))
            assert.deepStrictEqual(yield* AgentState.decode(JSON.parse(JSON.stringify(state))), state)
            if (state.steps === before.steps) continue
            for (const { callId } of state.calls) {
              assert.isFalse(ids.has(callId), callId)
              ids.add(callId)
            }
          }
          assert.isAbove(state.steps, 2)
        }
      }).pipe(Random.withSeed(seedOf("agent transitions"))),
    timeLimit(120_000)
  )
})
