/** Responses in another format than requested or declared: the body decides, and one request is enough. */
import { assert, describe, it } from "@effect/vitest"
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import * as StreamFold from "@kimi-effect/core/StreamFold"
import { Effect, Layer, Redacted, Schema, Stream } from "effect"
import { HttpClient, HttpClientResponse } from "effect/http"
import { gzipSync } from "node:zlib"
import * as ChatTransport from "../src/ChatTransport.ts"
import { hello, key } from "./node/support/kimi.ts"

const request = { ...hello, model: "kimi-k2.6" }

interface Host {
  readonly contentType?: string | undefined
  readonly headers?: Record<string, string>
  readonly provider?: "moonshot" | "custom"
  /** Bytes of each read. Defaults to the whole body at once. */
  readonly readSize?: number
  /** Whether the connection stays open after the body. */
  readonly isOpen?: boolean
}

/** Runs a test on a host that answers every request with this body, and returns the number of requests as well. */
const answering = <A, E>(
  body: string | Uint8Array,
  host: Host,
  test: (transport: ChatTransport.ChatTransport["Service"]) => Effect.Effect<A, E>
) =>
  Effect.suspend(() => {
    const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body
    let requests = 0
    const http = HttpClient.make((sent) =>
      Effect.sync(() => {
        requests++
        const stream = new ReadableStream<Uint8Array>({
          start: (controller) => {
            const size = host.readSize ?? bytes.length
            for (let from = 0; from < bytes.length; from += size) controller.enqueue(bytes.subarray(from, from + size))
            if (host.isOpen !== true) controller.close()
          }
        })
        const headers = {
          ...host.headers,
          ...(host.contentType === undefined ? {} : { "content-type": host.contentType })
        }
        return HttpClientResponse.fromWeb(sent, new Response(stream, { headers }))
      })
    )
    const options = host.provider === "custom" ? { provider: "custom" as const, baseUrl: "https://host.test/v1" } : {}
    const layer = ChatTransport.layerHttp.pipe(
      Layer.provide(KimiConfig.layer({ apiKey: Redacted.make(key), ...options })),
      Layer.provide(Layer.succeed(HttpClient.HttpClient, http))
    )
    return Effect.flatMap(ChatTransport.ChatTransport, test).pipe(
      Effect.provide(layer),
      Effect.map((result) => {
        assert.strictEqual(requests, 1)
        return result
      })
    )
  })

const modes = ["chat", "stream"] as const

/** What both modes must give. */
const answerOf = (mode: (typeof modes)[number], body: string | Uint8Array, host: Host) =>
  answering(body, host, (transport) =>
    Effect.map(
      mode === "chat" ? transport.chat(request) : StreamFold.collect(transport.stream(request)),
      (response) => ({
        id: response.id,
        text: response.text,
        calls: response.choices[0].message.tool_calls?.map((call) => call.function),
        finish: response.finishReason,
        usage: response.usage?.total_tokens
      })
    )
  )

const errorOf = (mode: (typeof modes)[number], body: string | Uint8Array, host: Host) =>
  answering(body, host, (transport) =>
    Effect.flip(mode === "chat" ? transport.chat(request) : Stream.runDrain(transport.stream(request)))
  )

const head = { id: "c-1", created: 1, model: "kimi-k2.6" }
const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 }
const call = { id: "a", type: "function", function: { name: "f", arguments: '{"a":1}' } }
const second = { id: "b", type: "function", function: { name: "f", arguments: "{}" } }

const completion = {
  ...head,
  object: "chat.completion",
  choices: [
    { index: 0, message: { role: "assistant", content: "Hi 你好", tool_calls: [call, second] }, finish_reason: "stop" }
  ],
  usage
}

const delta = (choice: object, more: object = {}) =>
  JSON.stringify({ ...head, choices: [{ index: 0, ...choice }], ...more })

const chunks = [
  delta({ delta: { role: "assistant", content: "Hi " } }),
  delta({ delta: { content: "你好", tool_calls: [call, second].map((one, index) => ({ ...one, index })) } }),
  delta({ delta: {}, finish_reason: "stop" }, { usage })
]

const expected = {
  id: "c-1",
  text: "Hi 你好",
  calls: [call.function, second.function],
  finish: "stop",
  usage: 15
}

const sse = [...chunks, "[DONE]"].map((data) => `data: ${data}\n\n`).join("")
const json = JSON.stringify(completion)

/** Every form of the same answer. */
const bodies: { readonly [name: string]: string } = {
  "a stream": sse,
  "a stream with CR LF": sse.replaceAll("\n", "\r\n"),
  "a stream after comments": `: hi\n\n: PROCESSING\n\n${sse}`,
  "a stream with a byte order mark": `\uFEFF${sse}`,
  "a stream after blank lines": `\n\r\n${sse}`,
  "a stream that begins with an event name": `event: message\n${sse}`,
  "a stream of one completion": `data: ${json}\n\ndata: [DONE]\n\n`,
  "a completion": json,
  "a completion with line breaks": JSON.stringify(completion, null, 2),
  "a completion with a byte order mark": `\uFEFF${json}`,
  "a completion after white space": ` \n\n\t${json}\n`,
  "a completion after comments": `: PROCESSING\n\n: PROCESSING\n\n${json}`,
  "a completion and [DONE] on its own line": `${json}\n[DONE]\n`,
  "a completion and [DONE] on the same line": `${json}[DONE]`,
  "a completion and an event of [DONE]": `${json}\n\ndata: [DONE]\n\n`,
  "a completion with line breaks and [DONE]": `${JSON.stringify(completion, null, 2)}\n\ndata: [DONE]\n\n`,
  "lines of JSON": [...chunks, "[DONE]"].join("\n"),
  "lines of JSON that end in a line break": [...chunks, "[DONE]", ""].join("\n")
}

const contentTypes = [
  undefined,
  "text/event-stream",
  "Text/Event-Stream; charset=UTF-8",
  "text/plain",
  "application/json",
  "application/x-ndjson",
  "application/octet-stream"
]

describe("the format of a response", () => {
  for (const [name, body] of Object.entries(bodies)) {
    for (const mode of modes) {
      it.effect(`is detected in a ${mode} that is answered by ${name}, under any content type, in any pieces`, () =>
        Effect.gen(function* () {
          for (const contentType of contentTypes) {
            for (const readSize of [1, 7, 100_000]) {
              for (const provider of ["moonshot", "custom"] as const) {
                const answer = yield* answerOf(mode, body, { contentType, readSize, provider })
                assert.deepStrictEqual(answer, expected, `${contentType}, ${readSize} bytes a read, ${provider}`)
              }
            }
          }
        })
      )
    }
  }

  it.effect("emits the events of a stream that is declared as something else as they arrive", () =>
    answering(sse.slice(0, sse.indexOf("\n\n") + 2), { contentType: "text/plain", isOpen: true }, (transport) =>
      Effect.gen(function* () {
        const events = yield* Stream.runCollect(Stream.take(transport.stream(request), 2))
        assert.deepStrictEqual(
          events.map((event) => event._tag),
          ["Start", "TextDelta"]
        )
      })
    )
  )

  for (const mode of modes) {
    it.effect(`a ${mode} that is answered by a stream ends at its end mark, also while the connection stays open`, () =>
      Effect.gen(function* () {
        const host = { contentType: "text/event-stream", isOpen: true }
        assert.deepStrictEqual(yield* answerOf(mode, sse, host), expected)
      })
    )

    it.effect(`a ${mode} fails for a body that is no response`, () =>
      Effect.gen(function* () {
        const pages = [
          "<html>Sign in</html>",
          "Hello",
          "[1]",
          '"text"',
          "{}",
          '{"a":1}',
          '{"choices":',
          "upstream error"
        ]
        for (const body of pages) {
          for (const contentType of [undefined, "text/plain", "application/json", "text/html"]) {
            const error = yield* errorOf(mode, body, { contentType })
            assert.strictEqual(error._tag, "InvalidResponseError", `${body} as ${contentType}`)
          }
        }
      })
    )

    it.effect(`a ${mode} fails with the error that a body reports`, () =>
      Effect.gen(function* () {
        const errors = [
          [{ error: { message: "slow", type: "rate_limit_reached_error" } }, "RateLimitError"],
          [{ object: "error", message: "bad", code: 400 }, "InvalidRequestError"],
          [{ code: "503", message: "later" }, "ServiceUnavailableError"],
          [{ detail: "broken" }, "InvalidResponseError"],
          [{ error: { message: "no", code: 502 }, choices: [] }, "ServiceUnavailableError"]
        ] as const
        for (const [error, tag] of errors) {
          for (const contentType of [undefined, "application/json", "text/event-stream"]) {
            for (const text of [JSON.stringify(error), JSON.stringify(error, null, 2)]) {
              assert.strictEqual((yield* errorOf(mode, text, { contentType }))._tag, tag, text)
            }
          }
        }
      })
    )

    it.effect(`a ${mode} fails with the partial response of a completion that the host gave up`, () =>
      Effect.gen(function* () {
        const failed = (more: object) =>
          JSON.stringify({ ...completion, choices: [{ ...completion.choices[0], finish_reason: "error", ...more }] })
        const bodies = [
          [failed({}), "ServerError", "StreamFailedError"],
          [
            failed({ error: { code: 502, message: "Upstream failed" } }),
            "ServiceUnavailableError",
            "ServiceUnavailableError"
          ],
          [
            JSON.stringify({ ...completion, error: { code: 429, message: "slow down" } }),
            "RateLimitError",
            "RateLimitError"
          ]
        ] as const
        for (const [body, ofChat, ofStream] of bodies) {
          const error = yield* errorOf(mode, body, { contentType: "application/json" })
          assert.strictEqual(error._tag, mode === "chat" ? ofChat : ofStream)
          // The client adds the partial response of a stream.
          if (mode === "chat") {
            assert.strictEqual(error.partial?.content, "Hi 你好")
            assert.deepStrictEqual(error.partial?.usage, { prompt_tokens: 10, completion_tokens: 5 })
          }
        }
      })
    )

    it.effect(`a ${mode} fails for a body in a coding that was not accepted`, () =>
      Effect.gen(function* () {
        for (const contentType of ["application/json", "text/event-stream"]) {
          const headers = { "content-encoding": "gzip" }
          const error = yield* errorOf(mode, gzipSync(sse), { contentType, headers })
          assert.strictEqual(error._tag, "InvalidResponseError")
          assert.strictEqual(error.message, "The response is encoded as gzip, which was not accepted")
        }
      })
    )
  }

  it.effect("fails a chat that is answered by a stream that broke off, with its partial response", () =>
    Effect.gen(function* () {
      for (const contentType of ["text/event-stream", "text/plain"]) {
        const error = yield* errorOf("chat", sse.slice(0, sse.lastIndexOf("data: {")), { contentType })
        assert.strictEqual(error._tag, "InvalidResponseError")
        assert.strictEqual(error.partial?.content, "Hi 你好")
      }
    })
  )

  it.effect.prop(
    "never turns a part of a stream into a response",
    {
      body: Schema.Literals(Object.keys(bodies)),
      part: Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1 }))
    },
    ({ body: name, part }) =>
      Effect.gen(function* () {
        const body = bodies[name] ?? ""
        const text = body.slice(0, Math.floor(part * body.length))
        for (const mode of modes) {
          const result = yield* Effect.option(answerOf(mode, text, {}))
          if (result._tag === "Some") assert.deepStrictEqual(result.value, expected)
        }
      })
  )
})
