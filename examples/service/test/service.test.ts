/** The image as it is deployed, at a server that stands in for Kimi. */
import { createHash } from "node:crypto"
import { assert, describe, layer } from "@effect/vitest"
import { Reply } from "@kimi-effect/testing"
import { MockServer } from "@kimi-effect/testing/node"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Image from "./Image.ts"
import { probes } from "./manifests.ts"
import { ask, get, open, question, tokenOf } from "./requests.ts"

class Service extends Context.Service<Service, Image.Image>()("chat-service/test/service.test/Service") {
  static readonly layer = Layer.effect(
    this,
    Effect.flatMap(MockServer.MockServer, ({ url }) =>
      Image.start({
        baseUrl: url,
        kimi: { maxAttempts: 1, budget: "0.10 USD per day/tenant" },
        env: { SERVICE_DRAIN_DELAY: "0 seconds", SERVICE_DRAIN_TIMEOUT: "2 seconds" }
      })
    )
  ).pipe(Layer.provideMerge(MockServer.layer({ tokenDelay: "20 millis" })))
}

const latestRequest = Effect.gen(function* () {
  const request = (yield* (yield* MockServer.MockServer).requests).findLast(({ method }) => method === "POST")
  return request ?? (yield* Effect.die(new Error("Kimi received no request")))
})

/** The service has got SIGTERM while two streams were running, one of which would never end. */
class Terminated extends Context.Service<
  Terminated,
  { readonly stalled: Effect.Effect<string>; readonly running: Effect.Effect<string> }
>()("chat-service/test/service.test/Terminated") {
  static readonly layer = Layer.effect(
    this,
    Effect.gen(function* () {
      const service = yield* Service
      const host = yield* MockServer.MockServer
      const stream = Effect.map(open(service, "/v1/stream", question), (response) =>
        Effect.promise(() => response.text())
      )
      yield* host.reply(Reply.streamStalled(3))
      const streams = { stalled: yield* stream, running: yield* stream }
      yield* service.terminate
      yield* service.output.includes("Draining")
      return streams
    })
  )
}

layer(Service.layer, { excludeTestServices: true, timeout: "20 seconds" })((it) => {
  describe("the service", () => {
    it.effect.each(probes)("passes its %s", ([, path]) =>
      Effect.gen(function* () {
        assert.strictEqual((yield* get(`${(yield* Service).operations}${path}`)).status, 200)
      })
    )

    it.effect("requires a token", () =>
      Effect.gen(function* () {
        const response = yield* ask(yield* Service, "/v1/answer", question, "unknown")
        assert.strictEqual(response.status, 401)
        assert.propertyVal(response.json, "type", "/problems/unauthorized")
      })
    )

    it.effect("names what is invalid in a request", () =>
      Effect.gen(function* () {
        const response = yield* ask(yield* Service, "/v1/answer", { messages: [{ role: "system", content: "" }] })
        assert.strictEqual(response.status, 400)
        assert.include(response.text, '"path":["payload","messages",0,"role"]')
      })
    )

    it.effect("refuses a body over 2 MiB", () =>
      Effect.gen(function* () {
        const response = yield* ask(yield* Service, "/v1/answer", { messages: ["x".repeat(2 ** 21)] })
        assert.strictEqual(response.status, 413)
      })
    )

    it.effect("answers", () =>
      Effect.gen(function* () {
        const { json } = yield* ask(yield* Service, "/v1/answer", question)
        assert.propertyVal(json, "model", "kimi-k3")
      })
    )

    it.effect("streams to the end", () =>
      Effect.gen(function* () {
        const { headers, text } = yield* ask(yield* Service, "/v1/stream", question)
        assert.strictEqual(headers.get("content-type"), "text/event-stream")
        assert.match(text, /event: Start\n[^]*event: TextDelta\n[^]*event: Finish\ndata: .*\n\n$/)
      })
    )

    it.effect("refuses a stream beyond the budget of its tenant with 402", () =>
      Effect.gen(function* () {
        const response = yield* ask(yield* Service, "/v1/stream", { ...question, maxTokens: 8_192 })
        assert.strictEqual(response.status, 402)
      })
    )

    it.effect("reports a failure of the host as 503 without its text", () =>
      Effect.gen(function* () {
        yield* (yield* MockServer.MockServer).reply(Reply.serverError())
        const { json, status } = yield* ask(yield* Service, "/v1/answer", question)
        assert.strictEqual(status, 503)
        assert.propertyVal(json, "title", "The model cannot be reached at present")
      })
    )

    it.effect("counts the cost by tenant", () =>
      Effect.gen(function* () {
        const service = yield* Service
        yield* ask(service, "/v1/answer", question, tokenOf("globex"))
        assert.match(
          (yield* get(`${service.operations}/metrics`)).text,
          /kimi_client_cost_total\{.*tenant="globex".*\} 0\.0/
        )
      })
    )

    it.effect("serves no metrics on its public port", () =>
      Effect.gen(function* () {
        assert.strictEqual((yield* get(`${(yield* Service).url}/metrics`)).status, 404)
      })
    )

    it.effect("allows its page to run its script", () =>
      Effect.gen(function* () {
        const { headers, text } = yield* get((yield* Service).url)
        const script = /<script>([^]*)<\/script>/.exec(text)?.[1] ?? ""
        const hash = createHash("sha256").update(script).digest("base64")
        assert.include(headers.get("content-security-policy"), `script-src 'sha256-${hash}'`)
      })
    )

    it.effect("follows its config map", () =>
      Effect.gen(function* () {
        const service = yield* Service
        yield* service.configure({ model: "kimi-k2.6" })
        yield* service.output.includes("changed: model")
        yield* ask(service, "/v1/answer", question)
        assert.propertyVal((yield* latestRequest).json, "model", "kimi-k2.6")
      })
    )

    it.effect("follows the key in its secret", () =>
      Effect.gen(function* () {
        const service = yield* Service
        yield* service.setKey("sk-second")
        yield* service.output.includes("changed: apiKey")
        yield* ask(service, "/v1/answer", question)
        assert.propertyVal((yield* latestRequest).headers, "authorization", "Bearer sk-second")
      })
    )

    it.effect("reports a rate limit as 429 with the time to wait", () =>
      Effect.gen(function* () {
        yield* (yield* MockServer.MockServer).reply(Reply.rateLimited({ retryAfter: "7 seconds" }))
        const { headers, status } = yield* ask(yield* Service, "/v1/stream", question)
        assert.deepStrictEqual([status, headers.get("retry-after")], [429, "7"])
      })
    )

    it.layer(Terminated.layer)("after SIGTERM", (it) => {
      it.effect("is not ready", () =>
        Effect.gen(function* () {
          assert.strictEqual((yield* get(`${(yield* Service).operations}/health/ready`)).status, 503)
        })
      )

      it.effect("lets a stream end", () =>
        Effect.gen(function* () {
          assert.match(yield* (yield* Terminated).running, /event: Finish\n.*\n\n$/)
        })
      )

      it.effect("ends a stream that exceeds the drain timeout with a failure", () =>
        Effect.gen(function* () {
          assert.match(
            yield* (yield* Terminated).stalled,
            /event: Failure\ndata: .*"error":"ServiceUnavailableError".*"isRetryable":true.*\n\n$/
          )
        })
      )

      it.effect("exits with 0", () =>
        Effect.gen(function* () {
          assert.strictEqual(yield* (yield* Service).exitCode, 0)
        })
      )
    })
  })
})
