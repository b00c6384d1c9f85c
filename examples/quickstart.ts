import * as KimiClient from "@kimi-effect/client/KimiClient"
import * as KimiNode from "@kimi-effect/client/node/KimiNode"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"

const program = Effect.gen(function* () {
  const kimi = yield* KimiClient.KimiClient
  const answer = yield* kimi.chat({ messages: [{ role: "user", content: "Hello world!" }] })
  yield* Console.log(answer.text)
}).pipe(
  Effect.catchTag("RateLimitError", (error) => Console.error(`Slow down: ${error.hint}`)),
  Effect.provide(KimiNode.layerConfig())
)

await Effect.runPromise(program)
