/** Chats with kimi-effect over Node, for `memory.ts`. */
import { KimiClient } from "@kimi-effect/client/KimiClient"
import * as KimiNode from "@kimi-effect/client/node/KimiNode"
import type { KimiConfig } from "@kimi-effect/core"
import * as Effect from "effect/Effect"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Redacted from "effect/Redacted"

/** Telemetry, a budget with two caps, and a tier whose limits fit every call. */
const full: KimiConfig.Options = {
  telemetry: true,
  budget: [
    { amount: "1000000", currency: "USD" },
    { amount: "1000000", currency: "USD", per: ["tenant"] }
  ],
  tier: 5,
  requestsPerMinute: 1_000_000_000,
  tokensPerMinute: 1_000_000_000_000
}

export const make = (baseUrl: string, isFull: boolean): (() => Promise<string>) => {
  const options: KimiConfig.Options = {
    apiKey: Redacted.make("sk-bench-0123456789"),
    baseUrl,
    allowPlainHttp: true,
    ...(isFull ? full : {})
  }
  const runtime = ManagedRuntime.make(KimiNode.layer(options))
  const request = {
    model: "kimi-k3",
    messages: [{ role: "user" as const, content: "Reply with exactly one word: hello." }]
  }
  const chat = Effect.flatMap(KimiClient, (kimi) => Effect.map(kimi.chat(request), ({ text }) => text))
  return () => runtime.runPromise(chat)
}
