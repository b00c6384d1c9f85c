/** Tools with handlers that record their calls. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import type { ToolSchemaError } from "@kimi-effect/core/ValidationErrors"
import * as ToolSet from "../../../src/agent/ToolSet.ts"
import { providers } from "../../../src/Provider.ts"

/** What the handlers received, in order. */
export class Received extends Context.Service<Received, Array<unknown>>()(
  "@kimi-effect/client/test/agent/support/tools/Received"
) {}

const Weather = Tool.make("get_weather", {
  description: "The weather of a city",
  parameters: Schema.Struct({ location: Schema.String, at: Schema.optionalKey(Schema.DateTimeUtc) }),
  success: Schema.Struct({ celsius: Schema.Finite, at: Schema.optionalKey(Schema.DateTimeUtc) }),
  dependencies: [Received]
})

export const weatherKit = Toolkit.make(Weather)

export const weather = weatherKit.toLayer({
  get_weather: (input) =>
    Effect.gen(function* () {
      const received = yield* Received
      received.push(input)
      return { celsius: 18, ...(input.at === undefined ? {} : { at: input.at }) }
    })
})

export const moonshot = { provider: providers.moonshot }

export const call = (name: string, args: string): ToolSet.Call => ({ name, arguments: args, callId: "call 1" })

export const use = <R>(set: ToolSet.ToolSet<R>, name: string, args: string, options?: ToolSet.RunOptions) =>
  Effect.flatMap(set.decode(call(name, args)), (decoded) => set.run(decoded, options))

/** The set of one tool whose handler is given; its types are those of no toolkit. */
export const one = (
  tool: Tool.Any,
  handler: (input: unknown) => Effect.Effect<unknown, unknown>
): Effect.Effect<ToolSet.ToolSet, ToolSchemaError> => {
  const kit = Toolkit.make(tool)
  const set: Effect.Effect<ToolSet.ToolSet, ToolSchemaError> = ToolSet.make(kit, moonshot) as never
  return Effect.provide(set, kit.toLayer({ [tool.name]: handler } as never))
}

export const toolOf = (name: string) => Tool.make(name, { success: Schema.String })
