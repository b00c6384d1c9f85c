/** Typed errors: the tag, the category and severity, and the recovery as data. */
import { KimiClient } from "@kimi-effect/client"
import { KimiNode } from "@kimi-effect/client/node"
import type { KimiError } from "@kimi-effect/core"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"

const describe = (error: KimiError.KimiError) =>
  Console.log(`${error._tag} (${error.category}, ${error.severity}): ${error.message}\n  do: ${error.hint}`)

/** Follows the recovery that the error proposes, where a program can. */
const recover = (error: KimiError.KimiError): Effect.Effect<string> => {
  switch (error.recovery._tag) {
    case "SwitchModel":
      return Effect.succeed(`use ${error.recovery.model ?? "another model"}`)
    case "FixRequest":
      return Effect.succeed(`change ${error.recovery.parameter ?? "the request"}`)
    case "ShortenContext":
      return Effect.succeed(`stay under ${error.recovery.limit ?? "the window's"} tokens`)
    default:
      return Effect.succeed(error.recovery._tag)
  }
}

const messages = [{ role: "user" as const, content: "Hello world!" }]

const program = Effect.gen(function* () {
  const kimi = yield* KimiClient.KimiClient
  const requests = [
    { messages, temperature: 0.3 },
    { messages, model: "kimi-k2.5" },
    { messages, max_completion_tokens: 2_000_000 }
  ]
  for (const request of requests) {
    const error = yield* Effect.flip(kimi.chat(request))
    yield* describe(error)
    yield* Console.log(`  next: ${yield* recover(error)}`)
  }
}).pipe(Effect.provide(KimiNode.layerConfig()))

await Effect.runPromise(program)
