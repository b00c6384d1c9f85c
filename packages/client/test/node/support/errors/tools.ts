/** Errors of tool calls, by the calls that produce them. */
import type { ToolArgumentsError, ToolExecutionError, ToolNotFoundError } from "@kimi-effect/core/ToolErrors"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as ToolSet from "../../../../src/agent/ToolSet.ts"

const kit = Toolkit.make(
  Tool.make("open", { parameters: Schema.Struct({ path: Schema.String }), failure: Schema.String })
)
const layer = kit.toLayer({ open: () => Effect.fail("locked") })

/** The error of a call of a tool whose handler fails. */
const failed = <E>(name: string, args: string): Effect.Effect<E, unknown> =>
  Effect.gen(function* () {
    const set = yield* Effect.provide(ToolSet.make(kit), layer)
    const decoded = yield* set.decode({ name, arguments: args, callId: "1" })
    return yield* set.run(decoded)
  }).pipe(Effect.flip) as Effect.Effect<E, unknown>

export const tools = {
  ToolNotFoundError: failed<ToolNotFoundError>("close", "{}"),
  ToolArgumentsError: failed<ToolArgumentsError>("open", "{}"),
  ToolExecutionError: failed<ToolExecutionError>("open", '{"path":"x"}')
}
