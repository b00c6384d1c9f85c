/** A handler that streams responses to browsers and to clients of OpenAI's API. */
import * as EventStream from "@kimi-effect/client/EventStream"
import { KimiClient } from "@kimi-effect/client"
import { KimiNode } from "@kimi-effect/client/node"
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"

const Question = Schema.Struct({ question: Schema.String })

/** A call that fails before its first event has the status of its error; later, an error is the last event. */
const answer = (kimi: KimiClient.KimiClient["Service"]) =>
  Effect.gen(function* () {
    const { question } = yield* HttpServerRequest.schemaBodyJson(Question)
    const stream = kimi.stream({ messages: [{ role: "user", content: question }] })
    return yield* EventStream.toHttpResponse(stream, EventStream.openAiChunks, { keepAlive: "10 seconds" })
  })

const routes = Layer.unwrap(
  Effect.map(KimiClient.KimiClient, (kimi) => HttpRouter.add("POST", "/answer", answer(kimi)))
).pipe(Layer.provide(KimiNode.layerConfig()))

// As a function from a web Request to a Response, which frameworks and edge runtimes call.
const { dispose, handler } = HttpRouter.toWebHandler(routes, { disableLogger: true })

const response = await handler(
  new Request("http://localhost/answer", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ question: "Hello world!" })
  })
)

let events = 0
for await (const text of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
  events += text.split("\n\n").length - 1
}
process.stdout.write(`${response.status} ${response.headers.get("content-type")}: ${events} events\n`)
await dispose()
