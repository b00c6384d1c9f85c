/// <reference lib="dom" />
/** The page of `scripts/chromium.ts`: a chat and a stream, whose result it sends back. */
import { KimiClient } from "@kimi-effect/client"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"

const baseUrl = new URL(location.href).searchParams.get("host") ?? ""
const messages = [{ role: "user" as const, content: "Hello world!" }]

const program = Effect.gen(function* () {
  const kimi = yield* KimiClient.KimiClient
  const { text } = yield* kimi.chat({ messages })
  const events = yield* Stream.runCollect(kimi.stream({ messages }))
  const last = events.at(-1)?._tag
  return text !== "" && last === "Finish" ? `ok: a chat, and a stream of ${events.length} events` : `${text}, ${last}`
}).pipe(
  Effect.provide(
    KimiClient.layer({ apiKey: Redacted.make("sk-browser"), baseUrl, allowPlainHttp: true }).pipe(
      Layer.provide(FetchHttpClient.layer)
    )
  ),
  Effect.catchCause((cause) => Effect.succeed(`failed: ${String(cause)}`))
)

await fetch("/result", { method: "POST", body: await Effect.runPromise(program) })
