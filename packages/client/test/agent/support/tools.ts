/** Tools with handlers that record their calls. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"

/** What the handlers received, in order. */
export class Received extends Context.Service<Received, Array<unknown>>()(
  "@kimi-effect/client/test/agent/support/tools/Received"
) {}

export const Weather = Tool.make("get_weather", {
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
