/**
 * Two clients in one program, such as two accounts or two hosts: each is a
 * separate service, with its own limits, circuits and key.
 */
import { KimiClient } from "@kimi-effect/client"
import { KimiNode } from "@kimi-effect/client/node"
import * as Config from "effect/Config"
import * as Console from "effect/Console"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

/** The client for users who wait for a response. */
class UserKimi extends Context.Service<UserKimi, KimiClient.KimiClient["Service"]>()(
  "@kimi-effect/examples/twoClients/UserKimi"
) {
  static readonly layer = Layer.effect(this, KimiClient.KimiClient).pipe(Layer.provide(KimiNode.layerConfig()))
}

/** The client for nightly jobs, with a key of another account. `provider` and `baseUrl` could differ too. */
class JobKimi extends Context.Service<JobKimi, KimiClient.KimiClient["Service"]>()(
  "@kimi-effect/examples/twoClients/JobKimi"
) {
  static readonly layer = Layer.unwrap(
    Effect.gen(function* () {
      const apiKey = yield* Config.Redacted("KIMI_JOBS_API_KEY").pipe(
        Config.orElse(() => Config.Redacted("KIMI_API_KEY"))
      )
      const kimi = KimiNode.layerConfig({ apiKey, account: "jobs", maxConcurrency: 2 })
      return Layer.effect(JobKimi, KimiClient.KimiClient).pipe(Layer.provide(kimi))
    })
  )
}

const program = Effect.gen(function* () {
  const user = yield* UserKimi
  const job = yield* JobKimi
  const answers = yield* Effect.all(
    [
      user.chat({ messages: [{ role: "user", content: "Hello world!" }] }),
      job.chat({ messages: [{ role: "user", content: "Summarize the night." }] })
    ],
    { concurrency: "unbounded" }
  )
  for (const { text } of answers) yield* Console.log(text)
  yield* Console.log(`\nThe stages of the jobs:\n${job.describe()}`)
}).pipe(Effect.provide(Layer.merge(UserKimi.layer, JobKimi.layer)))

await Effect.runPromise(program)
