/** The application under test: it summarizes a text, and shortens it when no model is available. */
import { KimiClient } from "@kimi-effect/client"
import * as Effect from "effect/Effect"

export const summarize = (text: string) =>
  KimiClient.KimiClient.use((kimi) =>
    kimi.chat({
      messages: [
        { role: "system", content: "Summarize in one sentence." },
        { role: "user", content: text }
      ]
    })
  ).pipe(
    Effect.map((answer) => answer.text),
    Effect.catchTag("OverloadedError", () => Effect.succeed(`${text.slice(0, 20)}…`))
  )
