/**
 * Run by `npm start`: a chat, a stream and an invalid request over real HTTP.
 * Without a key it calls a local server that replays recorded traffic; with
 * `KIMI_API_KEY` set it calls Kimi.
 */
import { KimiClient } from "@kimi-effect/client"
import { KimiNode } from "@kimi-effect/client/node"
import { type ChatResponse, Cost, StreamFold } from "@kimi-effect/core"
import { MockServer } from "@kimi-effect/testing/node"
import * as Config from "effect/Config"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"

const write = (text: string) => Effect.sync(() => process.stdout.write(text))

const printCost = (answer: ChatResponse) =>
  Effect.gen(function* () {
    const cost = yield* Cost.ofResponse(answer)
    const { usage } = answer
    const tokens =
      usage === undefined
        ? "no usage reported"
        : `${usage.prompt_tokens} tokens in (${usage.cached_tokens} cached), ` +
          `${usage.completion_tokens} out (${usage.reasoning_tokens} reasoning)`
    yield* Console.log(
      `   ${answer.model}: ${tokens}, ${Option.match(cost, { onNone: () => "price unknown", onSome: Cost.format })}`
    )
  })

const program = Effect.gen(function* () {
  const kimi = yield* KimiClient.KimiClient

  yield* Console.log("1. A chat\n")
  const answer = yield* kimi.chat({ messages: [{ role: "user", content: "Hello world!" }] })
  yield* Console.log(`   [reasoning] ${answer.reasoning.split("\n")[0]}`)
  yield* Console.log(`   ${answer.text.replaceAll("\n", "\n   ")}`)
  yield* printCost(answer)

  yield* Console.log("\n2. A stream, as it arrives\n")
  let part = ""
  const streamed = yield* kimi
    .stream({ messages: [{ role: "user", content: "Say hello in one short, imaginative sentence." }] })
    .pipe(
      Stream.tap((event) => {
        if (event._tag !== "TextDelta" && event._tag !== "ReasoningDelta") return Effect.void
        const label = event._tag === part ? "" : event._tag === "TextDelta" ? "\n   " : "   [reasoning] "
        part = event._tag
        return write(label + event.text)
      }),
      StreamFold.collect
    )
  yield* write("\n")
  yield* printCost(streamed)

  yield* Console.log("\n3. A request that is invalid for the model\n")
  const error = yield* Effect.flip(
    kimi.chat({ messages: [{ role: "user", content: "Hello world!" }], temperature: 0.3 })
  )
  yield* Console.log(`   ${error._tag}: ${error.message}`)
  yield* Console.log(`   ${error.category}, retryable: ${error.isRetryable}, fix: ${error.hint}`)
})

const recorded = Layer.unwrap(
  Effect.gen(function* () {
    const server = yield* MockServer.make({ tokenDelay: "15 millis" })
    yield* Console.log(`No KIMI_API_KEY: replaying recorded traffic at ${server.url}\n`)
    return KimiNode.layer({ apiKey: Redacted.make("sk-recorded"), baseUrl: server.url })
  })
)

const hasKey = Config.option(Config.Redacted("KIMI_API_KEY")).pipe(
  Effect.map((key) => Option.exists(key, (value) => Redacted.value(value) !== ""))
)

const client = Layer.unwrap(Effect.map(hasKey, (has) => (has ? KimiNode.layerConfig() : recorded)))

await Effect.runPromise(program.pipe(Effect.provide(client)))
