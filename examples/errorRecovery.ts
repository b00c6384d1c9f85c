/**
 * Three ways out of an error: the client retries, the client continues a stream that broke, and the program corrects
 * the request. A local server stands in for the host and fails as scripted.
 */
import { KimiClient } from "@kimi-effect/client"
import { KimiNode } from "@kimi-effect/client/node"
import { type ChatRequest, Observer } from "@kimi-effect/core"
import { Fault, Reply } from "@kimi-effect/testing"
import { MockServer } from "@kimi-effect/testing/node"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"

const record = Observer.layer({
  onCall: [({ attempts, outcome }) => Console.log(`   ${outcome} after ${attempts} attempts`)]
})

const client = Layer.unwrap(
  Effect.map(MockServer.MockServer, ({ url }) =>
    KimiNode.layer({
      apiKey: Redacted.make("sk-example"),
      baseUrl: url,
      retryBaseDelay: "10 millis",
      recovery: "continue"
    })
  )
).pipe(Layer.provide(record), Layer.provideMerge(MockServer.layer({ tokenDelay: "5 millis" })))

const messages: ChatRequest["messages"] = [
  { role: "user", content: "An old question" },
  { role: "assistant", content: "An old answer" },
  { role: "user", content: "Hello world!" }
]

const retried = Effect.gen(function* () {
  const kimi = yield* KimiClient.KimiClient
  const host = yield* MockServer.MockServer
  yield* host.reply(Reply.overloaded(), Reply.faulty(Fault.ResetBeforeHeaders()))
  yield* kimi.chat({ messages })
})

const continued = Effect.gen(function* () {
  const kimi = yield* KimiClient.KimiClient
  const host = yield* MockServer.MockServer
  yield* host.reply(Reply.streamInterrupted(40), Reply.text(" hat to you."))
  yield* Stream.runForEach(kimi.stream({ messages }), (event) => {
    switch (event._tag) {
      case "TextDelta":
        return Console.log(`   ${JSON.stringify(event.text)}`)
      // Off by default, because a program that shows the text should know. After a `Reset` it begins again.
      case "Resume":
        return Console.log(`   continues after ${event.reason}`)
      default:
        return Effect.void
    }
  })
})

/** Follows the errors that a program can correct. All others stay in the type. */
const answer = (request: ChatRequest) =>
  KimiClient.KimiClient.use((kimi) =>
    kimi.chat(request).pipe(
      Effect.catchTags({
        ModelRetiredError: ({ recovery }) => {
          const model = recovery._tag === "SwitchModel" ? recovery.model : undefined
          return Effect.andThen(Console.log(`   next: ${model}`), kimi.chat({ ...request, model }))
        },
        ContextLengthError: () => {
          const shorter = request.messages.slice(-1)
          return Effect.andThen(
            Console.log("   next: without the history"),
            kimi.chat({ ...request, messages: shorter })
          )
        }
      })
    )
  )

const corrected = Effect.gen(function* () {
  const host = yield* MockServer.MockServer
  yield* answer({ messages, model: "kimi-k2.5" })
  yield* host.reply(Reply.contextTooLong())
  yield* answer({ messages })
  yield* host.reply(Reply.quotaExceeded())
  yield* Effect.catchTag(answer({ messages }), "QuotaExceededError", ({ hint, recovery }) =>
    Console.log(`   for an operator: ${recovery._tag}. ${hint}`)
  )
})

const program = Effect.gen(function* () {
  yield* Console.log("1. An overloaded host, then a lost connection")
  yield* retried
  yield* Console.log("2. A stream that breaks")
  yield* continued
  yield* Console.log("3. A retired model, a conversation that is too long, an empty account")
  yield* corrected
}).pipe(Effect.provide(client))

await Effect.runPromise(program)
