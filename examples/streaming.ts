/** Prints a response while it is generated, and folds the same events into a `ChatResponse`. */
import { KimiClient } from "@kimi-effect/client"
import { KimiNode } from "@kimi-effect/client/node"
import { StreamFold } from "@kimi-effect/core"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"

const program = Effect.gen(function* () {
  const kimi = yield* KimiClient.KimiClient
  const answer = yield* kimi
    .stream({ messages: [{ role: "user", content: "Say hello in one short, imaginative sentence." }] })
    .pipe(
      Stream.tap((event) =>
        event._tag === "TextDelta" ? Effect.sync(() => process.stdout.write(event.text)) : Effect.void
      ),
      StreamFold.collect
    )
  yield* Console.log(`\n(${answer.usage?.completion_tokens} tokens, ${answer.finishReason})`)
}).pipe(
  // A stream is complete or an error, which has what was received.
  Effect.catchTag("StreamInterruptedError", ({ hint, partial }) =>
    Console.error(`Lost after ${partial?.content.length ?? 0} characters. ${hint}`)
  ),
  Effect.provide(KimiNode.layerConfig())
)

await Effect.runPromise(program)
