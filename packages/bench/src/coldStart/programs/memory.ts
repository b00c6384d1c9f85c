/** Makes calls, 64 in flight, and prints the peak of the process's resident memory in bytes. */
import { KimiClient } from "@kimi-effect/client/KimiClient"
import type { KimiConfig } from "@kimi-effect/core"
import * as Effect from "effect/Effect"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Redacted from "effect/Redacted"

const [contestant = "", baseUrl = "", count = "0"] = process.argv.slice(2)
const apiKey = "sk-bench-0123456789"
const messages = [{ role: "user" as const, content: "Reply with exactly one word: hello." }]
const model = "kimi-k3"

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

const makeKimi = async (options: KimiConfig.Options): Promise<() => Promise<string>> => {
  const { KimiNode } = await import("@kimi-effect/client/node")
  const runtime = ManagedRuntime.make(
    KimiNode.layer({ apiKey: Redacted.make(apiKey), baseUrl, allowPlainHttp: true, ...options })
  )
  return () =>
    runtime.runPromise(
      Effect.flatMap(KimiClient, (kimi) => Effect.map(kimi.chat({ model, messages }), ({ text }) => text))
    )
}

const makeOpenAI = async (): Promise<() => Promise<string>> => {
  const { default: OpenAI } = await import("openai")
  const client = new OpenAI({ baseURL: baseUrl, apiKey, maxRetries: 0 })
  return async () => (await client.chat.completions.create({ model, messages })).choices[0]?.message.content ?? ""
}

const chat = await (contestant === "openai" ? makeOpenAI() : makeKimi(contestant === "full" ? full : {}))
let left = Number(count)
const worker = async (): Promise<void> => {
  while (left-- > 0) if ((await chat()) === "") throw new Error(`${contestant} got no response`)
}
await Promise.all(Array.from({ length: 64 }, worker))
process.stdout.write(String(process.resourceUsage().maxRSS * 1024))
process.exit(0)
