/** One chat over `fetch`, bundled by `bundleFigures.ts`. */
import { KimiClient, layer } from "@kimi-effect/client/KimiClient"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"

const client = layer({ apiKey: Redacted.make("sk-bench-0123456789"), baseUrl: process.argv[2], allowPlainHttp: true })

const chat = Effect.flatMap(KimiClient, (kimi) =>
  kimi.chat({ model: "kimi-k3", messages: [{ role: "user", content: "Hello!" }] })
)

const { text } = await Effect.runPromise(Effect.provide(chat, Layer.provide(client, FetchHttpClient.layer)))
process.stdout.write(text)
