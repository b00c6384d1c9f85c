/** A response as a value of a Schema, then the same while it is written. */
import { StructuredOutput } from "@kimi-effect/client/agent"
import { KimiNode } from "@kimi-effect/client/node"
import { Cost } from "@kimi-effect/core"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"

const Order = Schema.Struct({
  item: Schema.String,
  count: Schema.Int.check(Schema.isGreaterThan(0)),
  size: Schema.Literals(["small", "large"]).annotate({ description: "small, unless the customer wants another one" })
})

const prompt = "Two teas for Ada, large ones please."

const program = Effect.gen(function* () {
  const { cost, rounds, value } = yield* StructuredOutput.generate({ schema: Order, prompt })
  const price = Option.match(cost, { onNone: () => "unknown", onSome: Cost.format })
  yield* Console.log(`${value.count} ${value.size} ${value.item} (${rounds} round, ${price})`)

  yield* StructuredOutput.stream({ schema: Schema.Array(Order), prompt }).pipe(
    Stream.runForEach((event) => {
      switch (event._tag) {
        case "Partial":
          return Console.log(`so far: ${JSON.stringify(event.value)}`)
        case "Repair":
          return Console.log(`asked again: ${event.issue ?? event.reason}`)
        case "Finish":
          return Console.log(`${event.output.value.length} orders`)
        default:
          return Effect.void
      }
    })
  )
}).pipe(
  Effect.catchTag("StructuredOutputError", (error) => Console.log(`${error.reason}: ${error.issue ?? error.hint}`)),
  Effect.provide(KimiNode.layerConfig())
)

await Effect.runPromise(program)
