/** The rows of the batch scenario, which all differ. */
import type { ChatRequest, ChatResponse } from "@kimi-effect/core"
import { ChatTransport, KimiClient, Provider } from "@kimi-effect/client"
import { KimiConfig } from "@kimi-effect/core"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { response } from "../harness/greeting.ts"

export const atOnce = 64

const text = "A review of a hotel at the sea, with a long walk to the next bus stop. ".repeat(4)

/** Another request for each number. */
export const requestOf = (index: number): ChatRequest => ({
  model: "kimi-k3",
  messages: [{ role: "user", content: `Is review ${index} positive? ${text}` }]
})

export const lineOf = (index: number): string =>
  `${JSON.stringify({ id: `row-${index}`, request: requestOf(index) })}\n`

/** A client at a transport that responds after one turn of the event loop. */
export const layerImmediate = KimiClient.layerTransport.pipe(
  Layer.provide(
    Layer.succeed(ChatTransport.ChatTransport, {
      provider: Provider.providers.moonshot,
      chat: (): Effect.Effect<ChatResponse> => Effect.as(Effect.yieldNow, response),
      stream: () => Stream.empty
    })
  ),
  Layer.provide(KimiConfig.layer({ apiKey: Redacted.make("sk-bench-0123456789") }))
)
