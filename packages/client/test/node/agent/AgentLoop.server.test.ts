/** Agents at a server, over sockets. */
import { assert, describe, it } from "@effect/vitest"
import * as Accounting from "@kimi-effect/core/Accounting"
import { Fault, Reply } from "@kimi-effect/testing"
import { Effect, Fiber, Schema, Stream } from "effect"
import { Tool, Toolkit } from "effect/ai"
import * as AgentLoop from "../../../src/agent/AgentLoop.ts"
import * as AgentState from "../../../src/agent/AgentState.ts"
import * as ToolSet from "../../../src/agent/ToolSet.ts"
import { KimiClient } from "../../../src/KimiClient.ts"
import * as Provider from "../../../src/Provider.ts"
import { assertAccepted } from "../../agent/support/agent.ts"
import { withKimi } from "../support/kimi.ts"

const kit = Toolkit.make(
  Tool.make("get_weather", { parameters: Schema.Struct({ location: Schema.String }), success: Schema.String })
)

const makeTools = ToolSet.make(kit, { provider: Provider.providers.moonshot }).pipe(
  Effect.provide(kit.toLayer({ get_weather: ({ location }) => Effect.succeed(`Mild in ${location}`) }))
)

describe.each(["run", "stream"] as const)("an agent at a server: %s", (kind) => {
  const start = (options: Parameters<typeof AgentLoop.run<never>>[0]) =>
    kind === "run" ? Effect.asVoid(AgentLoop.run(options)) : Stream.runDrain(AgentLoop.stream(options))

  it.live("sends a history that the server accepts", () =>
    withKimi((kimi, server) =>
      Effect.gen(function* () {
        const tools = yield* makeTools
        const states: Array<AgentState.AgentState> = []
        const checkpoint = (state: AgentState.AgentState) => Effect.sync(() => void states.push(state))
        yield* Effect.provideService(start({ prompt: "Go", tools, hooks: { checkpoint } }), KimiClient, kimi)
        const last = states.at(-1)
        assert.deepStrictEqual([last?.finishReason, last?.toolCalls], ["stop", 1])
        const bodies = (yield* server.requests).map(({ json }) => json as { messages: ReadonlyArray<{ role: string }> })
        assert.deepStrictEqual(
          bodies.map(({ messages }) => messages.map(({ role }) => role).join()),
          ["user", "user,assistant,tool"]
        )
      })
    )
  )

  it.live("closes its connection when it is interrupted", () =>
    withKimi((kimi, server) =>
      Effect.gen(function* () {
        yield* server.replyAlways(Reply.faulty(Fault.StallBeforeHeaders()))
        let stored: AgentState.AgentState | undefined
        const checkpoint = (state: AgentState.AgentState) => Effect.sync(() => void (stored = state))
        const fiber = yield* Effect.forkChild(
          Effect.provideService(start({ prompt: "Go", hooks: { checkpoint } }), KimiClient, kimi)
        )
        yield* server.awaitRequests(1)
        yield* Fiber.interrupt(fiber)
        yield* server.awaitAborted(1)
        assert(stored !== undefined)
        assertAccepted(AgentState.messages(stored))
      })
    )
  )
})

describe("the calls of an agent", () => {
  it.live("are attributed to it in the accounting", () =>
    Effect.gen(function* () {
      const accounting = yield* Accounting.make
      yield* withKimi((kimi) =>
        Effect.gen(function* () {
          const tools = yield* makeTools
          yield* Effect.provideService(AgentLoop.run({ prompt: "Go", tools, agent: "clerk" }), KimiClient, kimi)
        })
      ).pipe(Effect.provideService(Accounting.Accounting, accounting))
      const entries = yield* accounting.entries
      assert.deepStrictEqual(
        entries.map(({ agent, attempts }) => [agent, attempts]),
        [["clerk", 2]]
      )
    })
  )
})
