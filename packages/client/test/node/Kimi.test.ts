/** The client with promises on real sockets. */
import { assert, describe, it } from "@effect/vitest"
import { Fault, Reply } from "@kimi-effect/testing"
import { MockServer } from "@kimi-effect/testing/node"
import { Effect, Schema } from "effect"
import * as KimiOfNode from "../../src/node/Kimi.ts"
import * as KimiOfFetch from "../../src/promise/Kimi.ts"

const hello = { messages: [{ role: "user", content: "Hello!" }] } as const

for (const [http, make] of [
  ["undici", KimiOfNode.make],
  ["fetch", KimiOfFetch.make]
] as const) {
  describe(`Kimi over ${http}`, () => {
    const withKimi = (
      run: (kimi: KimiOfFetch.Kimi, server: MockServer.MockServer["Service"]) => Promise<void>
    ): Effect.Effect<void> =>
      Effect.gen(function* () {
        const server = yield* MockServer.make()
        const kimi = make({ apiKey: "sk-test-0123456789", baseUrl: server.url, maxAttempts: 1 })
        yield* Effect.promise(() => run(kimi, server).finally(() => kimi.close()))
      }).pipe(Effect.scoped)

    it.live("calls the host", () =>
      withKimi(async (kimi, server) => {
        await Effect.runPromise(server.reply(Reply.text("Hi"), Reply.text("Hi again")))
        assert.strictEqual((await kimi.chat(hello)).text, "Hi")
        assert.strictEqual((await kimi.stream(hello).response()).text, "Hi again")
        assert.isNotEmpty(await kimi.models())
      })
    )

    it.live("asks for a value, which the server makes from the schema", () =>
      withKimi(async (kimi) => {
        const schema = Schema.Struct({ item: Schema.String, counts: Schema.Array(Schema.Int) })
        const { format, rounds, value } = await kimi.object({ schema, prompt: "Two teas, please." })
        assert.deepStrictEqual(value, { item: "sample", counts: [1] })
        assert.deepStrictEqual([format, rounds], ["json_schema", 1])
      })
    )

    it.live("closes the connection when a loop is left", () =>
      withKimi(async (kimi, server) => {
        await Effect.runPromise(server.reply(Reply.faulty(Fault.StallMidStream({ afterEvents: 2 }))))
        for await (const _event of kimi.stream(hello)) break
        await Effect.runPromise(server.awaitAborted(1))
      })
    )

    it.live("closes the connection of an aborted call", () =>
      withKimi(async (kimi, server) => {
        await Effect.runPromise(server.reply(Reply.faulty(Fault.StallBeforeHeaders())))
        const controller = new AbortController()
        const pending = kimi.chat(hello, { signal: controller.signal }).catch((error: unknown) => error)
        await Effect.runPromise(server.awaitRequests(1))
        controller.abort()
        assert.deepInclude(await pending, { name: "AbortError" })
        await Effect.runPromise(server.awaitAborted(1))
      })
    )
  })
}
