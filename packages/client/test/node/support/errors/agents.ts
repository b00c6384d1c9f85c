/** Errors of agents, by tag. */
import type { KimiError } from "@kimi-effect/core/KimiError"
import { MockProvider, Reply, Script } from "@kimi-effect/testing"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as AgentLoop from "../../../../src/agent/AgentLoop.ts"
import type { AgentLimits } from "../../../../src/agent/AgentLimits.ts"
import * as AgentResult from "../../../../src/agent/AgentResult.ts"
import * as ToolSet from "../../../../src/agent/ToolSet.ts"
import * as Provider from "../../../../src/Provider.ts"

const kit = Toolkit.make(
  Tool.make("note", { parameters: Schema.Struct({ text: Schema.String }), success: Schema.String }),
  Tool.make("wait", { success: Schema.String }),
  Tool.make("remove", { success: Schema.String, needsApproval: true })
)

const handlers = kit.toLayer({
  note: ({ text }) => Effect.succeed(text),
  wait: () => Effect.never,
  remove: () => Effect.succeed("removed")
})

/** The error of a run whose model makes this call again and again. */
const calling = (name: string, args: Schema.Json = {}, limits: AgentLimits = {}): Effect.Effect<KimiError, unknown> =>
  Effect.gen(function* () {
    const tools = yield* ToolSet.make(kit, { provider: Provider.providers.moonshot })
    const result = yield* AgentLoop.run({ prompt: "Go", tools, limits, onToolError: "end", toolTimeout: "1 milli" })
    return yield* Effect.flip(AgentResult.orFail(result))
  }).pipe(
    Effect.provide(
      Layer.merge(
        handlers,
        MockProvider.layerClient({
          script: Script.repeat([Reply.toolCalls([{ name, arguments: args }], { reasoning: "Hm" })])
        })
      )
    )
  )

const note = { text: "a" }

export const agents = {
  ToolTimeoutError: calling("wait"),
  ToolApprovalRequiredError: calling("remove"),
  StepLimitError: calling("note", note, { steps: 1 }),
  ToolCallLimitError: calling("note", note, { toolCalls: 1 }),
  TokenLimitError: calling("note", note, { tokens: 1 }),
  RepeatedToolCallError: calling("note", note),
  NoProgressError: calling("note", note, { repeats: false, stalledSteps: 1 })
}
