/** A local host for one step of the tour, and a client of it. */
import { KimiNode } from "@kimi-effect/client/node"
import type { KimiConfig } from "@kimi-effect/core"
import type { Reply } from "@kimi-effect/testing"
import { MockServer } from "@kimi-effect/testing/node"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"

export const question = "Hello world!"

export const ask = { messages: [{ role: "user" as const, content: question }] }

/** Prints what was seen, indented. */
export const show = (text: string): Effect.Effect<void> => Console.log(`   ${text.replaceAll("\n", "\n   ")}`)

/** A client of a server with recorded traffic, which first sends the given replies. */
export const clientOf = (replies: ReadonlyArray<Reply.Reply> = [], options: KimiConfig.Options = {}) =>
  Layer.unwrap(
    Effect.gen(function* () {
      const server = yield* MockServer.make()
      for (const reply of replies) yield* server.reply(reply)
      return KimiNode.layer({ apiKey: Redacted.make("sk-recorded"), baseUrl: server.url, ...options })
    })
  )
