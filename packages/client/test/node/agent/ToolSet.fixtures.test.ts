/** Tool calls that Kimi made, as recorded. */
import { assert, describe, it } from "@effect/vitest"
import * as Fixtures from "@kimi-effect/testing/node/Fixtures"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as ToolSet from "../../../src/agent/ToolSet.ts"
import { providers } from "../../../src/Provider.ts"

const kit = Toolkit.make(
  Tool.make("get_weather", { parameters: Schema.Struct({ location: Schema.String }), success: Schema.String })
)
const layer = kit.toLayer({ get_weather: ({ location }) => Effect.succeed(`18 °C in ${location}`) })

const Body = Schema.Struct({
  choices: Schema.Array(
    Schema.Struct({
      message: Schema.Struct({
        tool_calls: Schema.Array(
          Schema.Struct({
            id: Schema.String,
            type: Schema.String,
            function: Schema.Struct({ name: Schema.String, arguments: Schema.String })
          })
        )
      })
    })
  )
})

describe("ToolSet with recorded calls", () => {
  it.effect("runs the call of plain-04-tool-calls", () =>
    Effect.gen(function* () {
      const { body } = Fixtures.exchange("plain-04-tool-calls")
      const { choices } = yield* Schema.decodeUnknownEffect(Body)(body)
      const calls = choices.flatMap(({ message }) => message.tool_calls)
      const set = yield* Effect.provide(ToolSet.make(kit, { provider: providers.moonshot }), layer)
      const results = yield* Effect.forEach(calls, (call) =>
        Effect.flatMap(set.decode(ToolSet.fromToolCall(call)), (decoded) => set.run(decoded))
      )
      assert.isNotEmpty(results)
      for (const { content } of results) assert.match(String(content), /^18 °C in Paris/)
    })
  )
})
