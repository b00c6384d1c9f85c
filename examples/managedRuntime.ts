/**
 * One `ManagedRuntime` for a program that is not written with Effect, such as an
 * HTTP handler: the client is built once, and its limits, circuits and budget
 * cover all calls.
 *
 * `Effect.provide(kimi)` in each call would build a client for each call. Every
 * budget would then begin with nothing spent, and no call would know that the
 * host refused another one.
 */
import { KimiClient } from "@kimi-effect/client"
import { KimiNode } from "@kimi-effect/client/node"
import { Budget } from "@kimi-effect/core"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"

const kimi = KimiNode.layerConfig({ model: "kimi-k3" }).pipe(
  Layer.provide(Budget.layer({ caps: [{ amount: "0.01", currency: "USD" }], maxWait: 0 }))
)

const runtime = ManagedRuntime.make(kimi)

/** Called for every request of the service. */
const answer = (question: string): Promise<string> =>
  KimiClient.KimiClient.use((client) =>
    client.chat({ messages: [{ role: "user", content: question }], max_completion_tokens: 300 })
  ).pipe(
    Effect.map(({ text }) => text),
    // A refused call costs nothing; the hint is for operators.
    Effect.catchTag("BudgetExceededError", (error) => Effect.succeed(`refused: ${error.hint}`)),
    runtime.runPromise
  )

try {
  for (let request = 1; request <= 4; request++) {
    process.stdout.write(`${request}. ${await answer("Hello world!")}\n`)
  }
} finally {
  // Settles what is open, and closes connections. On a server, call it when the process receives SIGTERM.
  await runtime.dispose()
}
