/** No error, log or span contains the key or the prompt. */
import { assert, describe, it } from "@effect/vitest"
import type { KimiError } from "@kimi-effect/core/KimiError"
import { ServerError } from "@kimi-effect/core/ProviderErrors"
import type { Options } from "@kimi-effect/core/KimiConfig"
import type { ChatRequest } from "@kimi-effect/core/ChatRequest"
import { ErrorReply, Fault, Reply } from "@kimi-effect/testing"
import { Effect, Exit, Redacted, Stream } from "effect"
import type * as Scope from "effect/Scope"
import * as Canary from "./node/support/canary.ts"
import { type Client, connect, type Server, withKimi } from "./node/support/kimi.ts"

const apiKey = Redacted.make(Canary.key)

const assertClean = (texts: ReadonlyArray<string>): void => {
  for (const text of texts) {
    const canary = Canary.canaryIn(text)
    if (canary !== undefined) assert.fail(`found ${canary} in:\n${text}`)
  }
}

const calls = (client: Client, request: ChatRequest): ReadonlyArray<Effect.Effect<unknown, KimiError>> => [
  client.chat(request),
  Stream.runDrain(client.stream(request))
]

/** Makes a chat and a stream that fail, and checks that neither the key nor the prompt appears. */
const failsCleanly = Effect.fnUntraced(function* (client: Client, request = Canary.request) {
  for (const call of calls(client, request)) {
    const { exit, spans, texts } = yield* Canary.watch(call)
    assert.isTrue(Exit.isFailure(exit))
    assert.isAbove(spans.length, 1)
    assert.isAbove(texts.length, 20)
    assertClean(texts)
  }
})

const withCanary = <E>(
  test: (client: Client, server: Server) => Effect.Effect<void, E, Scope.Scope>,
  client: Options = {}
) => withKimi(test, { client: { apiKey, ...client } })

describe("the canary values", () => {
  it.live("are found where they occur, so that these tests can fail", () =>
    Effect.gen(function* () {
      const { texts } = yield* Canary.watch(Effect.logInfo(Canary.prompt, Canary.key))
      assert.isDefined(texts.find((text) => text.includes(Canary.prompt)))
      assert.isDefined(texts.find((text) => text.includes(Canary.key)))
      const leaky = new ServerError({ message: `no ${Canary.key}` })
      const failed = yield* Canary.watch(Effect.fail(leaky))
      assert.isAbove(failed.texts.filter((text) => text.includes(Canary.key)).length, 10)
    })
  )

  it("are repeated by the server", () => {
    const received = { headers: { authorization: `Bearer ${Canary.key}` }, body: Canary.prompt }
    for (const name of ErrorReply.names) {
      const reply = Canary.echo(ErrorReply.table[name])(received)
      assert.strictEqual(JSON.stringify(reply).split(Canary.key).length, 5, name)
      assert.strictEqual(JSON.stringify(reply).split(Canary.prompt).length, 3, name)
    }
  })
})

describe("the error for a response that repeats the key and the prompt has neither", () => {
  for (const name of ErrorReply.names) {
    it.live(name, () =>
      withCanary((client, server) =>
        Effect.gen(function* () {
          yield* server.replyAlways(Canary.echo(ErrorReply.table[name]))
          yield* failsCleanly(client)
          yield* failsCleanly(yield* connect(server, { apiKey: Redacted.make(Canary.formless) }))
        })
      )
    )
  }
})

describe("the error for a fault has neither the key nor the prompt", () => {
  const message = `refused ${Canary.key}, sent as Bearer ${Canary.key}`
  const bounds = { totalTimeout: "50 millis", maxResponseBytes: 20_000, maxEventBytes: 2_000 } as const
  const faults: ReadonlyArray<Fault.Fault> = [
    Fault.ResetBeforeHeaders(),
    Fault.StallBeforeHeaders(),
    Fault.ResetMidBody({ afterBytes: 100 }),
    Fault.StallMidBody({ afterBytes: 100 }),
    Fault.TruncatedBody({ afterBytes: 100 }),
    Fault.EmptyBody(),
    Fault.WrongContentType(),
    Fault.MalformedJson(),
    Fault.HugeBody({ bytes: 100_000, contentLength: true }),
    Fault.HugeBody({ bytes: 100_000, contentLength: false }),
    Fault.Redirect({ status: 307, location: `https://user:${Canary.key}@elsewhere.example/?key=${Canary.key}` }),
    Fault.ResetMidStream({ afterEvents: 0 }),
    Fault.StallMidStream({ afterEvents: 0 }),
    Fault.TruncatedStream({ afterEvents: 0 }),
    Fault.KeepAlive({ afterEvents: 1, interval: 5 }),
    Fault.HugeEvent({ afterEvents: 0, bytes: 5_000 }),
    Fault.CorruptEvent({ afterEvents: 0 }),
    Fault.JoinedEvents({ afterEvents: 0 }),
    Fault.ErrorInStream({ afterEvents: 0, error: { message, type: `odd ${Canary.key}` } }),
    Fault.ErrorInStream({ afterEvents: 5, error: { message, type: "server_error" } })
  ]
  for (const fault of faults) {
    it.live(JSON.stringify(fault).replaceAll(Canary.key, "<key>"), () =>
      withCanary(
        (client, server) =>
          Effect.gen(function* () {
            yield* server.replyAlways(Reply.faulty(fault))
            yield* failsCleanly(client)
          }),
        bounds
      )
    )
  }

  it.live("the telemetry of slow responses has neither of them", () =>
    withCanary((client, server) =>
      Effect.gen(function* () {
        for (const fault of [
          Fault.SlowHeaders({ delay: 5 }),
          Fault.SlowBody({ delay: 5 }),
          Fault.SlowEvents({ interval: 1 })
        ]) {
          yield* server.replyAlways(Reply.faulty(fault))
          for (const call of calls(client, Canary.request)) assertClean((yield* Canary.watch(call)).texts)
        }
      })
    )
  )
})

describe("the key in other parts of a response", () => {
  const placesOf = (key: string, message = `no ${key}`): { readonly [place: string]: Reply.Reply } => ({
    "an error's type and code": Reply.json({ error: { message, type: key, code: key, param: key } }, { status: 418 }),
    "an error's type under 200": Reply.json({ error: { message, type: key } }),
    "an error that is a text": Reply.json({ error: message }, { status: 500 }),
    "the request id of the body": Reply.body(JSON.stringify({ error: { message }, request_id: `r-${key}` }), {
      status: 500
    }),
    "the ids of an answer that is none": Reply.body(message, { headers: { "x-request-id": key, "x-trace-id": key } }),
    "the ids of a stream that breaks off": Reply.sse([], { headers: { "msh-request-id": key, "x-msh-trace-id": key } }),
    "the ids of an answer that breaks off": Reply.chatResponse(
      { content: "Hi" },
      { headers: { "msh-request-id": key, "x-msh-trace-id": key }, fault: Fault.ResetMidBody({ afterBytes: 10 }) }
    ),
    "the ids of a refusal": ErrorReply.make(500, "server_error", message, {
      "msh-request-id": key,
      "x-msh-trace-id": key
    }),
    "the content type": Reply.body(message, { headers: { "content-type": `text/${key}` } }),
    "the content type of a refusal": Reply.body(message, { status: 500, headers: { "content-type": `text/${key}` } }),
    "a redirect's host": Reply.body("", { status: 302, headers: { location: `https://${key}.example/` } }),
    "the name of the model": ErrorReply.make(404, "resource_not_found_error", `Not found the model ${key}`)
  })
  for (const key of [Canary.key, Canary.formless]) {
    for (const [place, reply] of Object.entries(placesOf(key))) {
      it.live(`${place}: is not in the error (${key === Canary.key ? "sk-…" : "another form"})`, () =>
        withCanary(
          (client, server) =>
            Effect.gen(function* () {
              yield* server.replyAlways(reply)
              yield* failsCleanly(client)
            }),
          { apiKey: Redacted.make(key) }
        )
      )
    }
  }
})
