/** A chat, a stream as it arrives, and a request that is invalid. They call Kimi if there is a key. */
import { KimiClient } from "@kimi-effect/client"
import { type ChatResponse, Cost, StreamFold } from "@kimi-effect/core"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { ask, show } from "./host.ts"

const write = (text: string) => Effect.sync(() => process.stdout.write(text))

const showCost = (answer: ChatResponse) =>
  Effect.gen(function* () {
    const cost = yield* Cost.ofResponse(answer)
    const { usage } = answer
    const tokens =
      usage === undefined
        ? "no usage reported"
        : `${usage.prompt_tokens} tokens in (${usage.cached_tokens} cached), ` +
          `${usage.completion_tokens} out (${usage.reasoning_tokens} reasoning)`
    yield* show(
      `${answer.model}: ${tokens}, ${Option.match(cost, { onNone: () => "price unknown", onSome: Cost.format })}`
    )
  })

export const chat = (content: string) =>
  Effect.gen(function* () {
    const kimi = yield* KimiClient.KimiClient
    const answer = yield* kimi.chat({ messages: [{ role: "user", content }] })
    if (answer.reasoning !== "") yield* show(`[reasoning] ${answer.reasoning.split("\n")[0]}`)
    yield* show(answer.text)
    yield* showCost(answer)
  })

export const stream = Effect.gen(function* () {
  const kimi = yield* KimiClient.KimiClient
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
  yield* showCost(streamed)
})

export const invalidRequest = Effect.gen(function* () {
  const kimi = yield* KimiClient.KimiClient
  const error = yield* Effect.flip(kimi.chat({ ...ask, temperature: 0.3 }))
  yield* show(`${error._tag}: ${error.message}. ${error.hint}`)
})
