/** How streams end, over real sockets and with all stages. */
import { assert, describe, it } from "@effect/vitest"
import type { Options } from "@kimi-effect/core/KimiConfig"
import * as CircuitBreaker from "@kimi-effect/core/CircuitBreaker"
import { Fault, Reply } from "@kimi-effect/testing"
import { MockServer } from "@kimi-effect/testing/node"
import { Effect, Stream } from "effect"
import { connect, hello, withKimi } from "./node/support/kimi.ts"

const chunk = (content: string, finish: string | null = null) =>
  JSON.stringify({
    id: "a",
    created: 1,
    model: "m",
    choices: [{ index: 0, delta: { content }, finish_reason: finish }]
  })

const whole = [chunk("The answer"), chunk(" is 42."), chunk("", "stop")]

const custom = { provider: "custom", model: "m" } as const

describe("a stream whose connection stays open after its end mark", () => {
  const bounds: ReadonlyArray<Options> = [
    { deadline: "1 minute" },
    { totalTimeout: "1 minute" },
    { idleTimeout: "1 minute" },
    {}
  ]
  for (const bound of bounds) {
    it.live(`ends with Finish, then closes the connection: ${JSON.stringify(bound)}`, () =>
      withKimi(
        (client, server) =>
          Effect.gen(function* () {
            const open = Reply.sse([...whole, "[DONE]"], { chunking: { events: 1 } })
            yield* server.reply(Reply.withFault(Fault.StallMidStream({ afterEvents: 4 }))(open))
            const events = yield* Stream.runCollect(client.stream(hello))
            assert.strictEqual(events.at(-1)?._tag, "Finish")
            yield* server.awaitAborted(1)
          }),
        { client: { ...custom, ...bound } }
      )
    )
  }
})

describe("complete streams without an end mark", () => {
  it.live("do not open the circuit of another host than Moonshot", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const server = yield* MockServer.make()
        yield* server.replyAlways(Reply.sse(whole))
        const client = yield* connect(server, custom, "undici", CircuitBreaker.layer())
        for (let n = 0; n < 20; n++) {
          const events = yield* Stream.runCollect(client.stream(hello))
          assert.deepInclude(events.at(-1), { _tag: "Finish", isWithoutEndMark: true })
        }
      })
    )
  )
})

describe("streams that the host gives up with a finish reason", () => {
  const givenUp = Reply.sse([chunk("The answer is"), chunk("", "error"), "[DONE]"])

  it.live("fail with the partial response", () =>
    withKimi(
      (client, server) =>
        Effect.gen(function* () {
          yield* server.replyAlways(givenUp)
          const error = yield* Effect.flip(Stream.runDrain(client.stream(hello)))
          assert.strictEqual(error._tag, "StreamFailedError")
          assert.strictEqual(error.partial?.content, "The answer is")
        }),
      { client: custom }
    )
  )

  it.live("open the circuit", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const server = yield* MockServer.make()
        yield* server.replyAlways(givenUp)
        const client = yield* connect(server, custom, "undici", CircuitBreaker.layer())
        const tags = new Set<string>()
        for (let n = 0; n < 30; n++) tags.add((yield* Effect.flip(Stream.runDrain(client.stream(hello))))._tag)
        assert.isTrue(tags.has("CircuitOpenError"))
      })
    )
  )
})
