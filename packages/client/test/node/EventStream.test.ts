/** Event streams of an HTTP server on real sockets, in front of a host. */
import { createServer } from "node:http"
import { NodeHttpServer } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Fault, Reply } from "@kimi-effect/testing"
import { Context, Effect, Layer } from "effect"
import { HttpRouter, HttpServer } from "effect/http"
import * as EventStream from "../../src/EventStream.ts"
import { hello, type Client, withKimi } from "./support/kimi.ts"

/** The URL of a server that streams a call of the client. */
const serve = (kimi: Client) =>
  Effect.map(
    Layer.build(
      HttpRouter.serve(
        HttpRouter.add("GET", "/", EventStream.toHttpResponse(kimi.stream(hello), EventStream.openAiChunks)),
        { disableListenLog: true, disableLogger: true }
      ).pipe(Layer.provideMerge(NodeHttpServer.layer(createServer, { port: 0, host: "127.0.0.1" })))
    ),
    (context) => {
      const { address } = Context.get(context, HttpServer.HttpServer)
      return address._tag === "InetAddressV4" ? `http://127.0.0.1:${address.port}/` : ""
    }
  )

const readAll = async (url: string): Promise<string> => (await fetch(url)).text()

const readFirst = async (url: string, signal: AbortSignal): Promise<void> => {
  const { body } = await fetch(url, { signal })
  await body?.getReader().read()
}

describe("EventStream.toHttpResponse", () => {
  it.live("sends the stream of a host on", () =>
    withKimi((kimi, server) =>
      Effect.gen(function* () {
        yield* server.reply(Reply.text("Hi"))
        const url = yield* serve(kimi)
        const text = yield* Effect.promise(() => readAll(url))
        assert.include(text, '"content":"Hi"')
        assert.isTrue(text.endsWith("data: [DONE]\n\n"))
      })
    )
  )

  it.live("closes the connection to the host when the reader disconnects", () =>
    withKimi((kimi, server) =>
      Effect.gen(function* () {
        yield* server.reply(Reply.faulty(Fault.StallMidStream({ afterEvents: 2 })))
        const url = yield* serve(kimi)
        const controller = new AbortController()
        yield* Effect.promise(() => readFirst(url, controller.signal))
        assert.strictEqual(yield* server.aborted, 0)
        controller.abort()
        yield* server.awaitAborted(1)
      })
    )
  )
})
