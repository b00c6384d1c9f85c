import { createServer, type IncomingMessage } from "node:http"
import type { AddressInfo } from "node:net"
import { connect } from "node:net"
import { assert, describe, it } from "@effect/vitest"
import { KimiClient } from "../../src/index.ts"
import { KimiNode } from "../../src/node/index.ts"
import * as UndiciHttpClient from "../../src/node/UndiciHttpClient.ts"
import { Reply } from "@kimi-effect/testing"
import { MockServer } from "@kimi-effect/testing/node"
import { Duration, Effect, Redacted } from "effect"
import { HttpClientRequest } from "effect/http"
import { key } from "./support/kimi.ts"

const options = { connectTimeout: Duration.seconds(10), maxConnections: 8 }

interface ProxyServer {
  readonly url: string
  readonly host: string
  /** The heads of the requests, tunnels included. */
  readonly received: Array<Pick<IncomingMessage, "method" | "url" | "headers">>
}

/** A proxy that answers plain requests itself, and refuses tunnels with a status or forwards them to `target`. */
const makeProxy = (tunnelStatus: number, target?: { readonly port: number }) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.callback<{ readonly server: ReturnType<typeof createServer>; readonly received: ProxyServer["received"] }>(
        (resume) => {
          const received: ProxyServer["received"] = []
          const server = createServer(({ headers, method, url }, response) => {
            received.push({ headers, method, url })
            response.writeHead(tunnelStatus === 407 ? 407 : 200).end("by proxy")
          })
          server.on("connect", ({ headers, method, url }, socket) => {
            received.push({ headers, method, url })
            socket.on("error", () => {})
            if (target === undefined) return void socket.end(`HTTP/1.1 ${tunnelStatus} No\r\ncontent-length: 0\r\n\r\n`)
            const upstream = connect(target.port, "127.0.0.1", () => {
              socket.write("HTTP/1.1 200 OK\r\n\r\n")
              upstream.pipe(socket)
              socket.pipe(upstream)
            })
            upstream.on("error", () => socket.destroy())
          })
          server.listen(0, "127.0.0.1", () => resume(Effect.succeed({ server, received })))
        }
      ),
      ({ server }) =>
        Effect.callback<void>((resume) => {
          server.closeAllConnections()
          server.close(() => resume(Effect.void))
        })
    ),
    ({ received, server }): ProxyServer => {
      const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
      return { url: `http://${host}`, host, received }
    }
  )

const names = ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY"]

/** Sets the variables of proxies for the scope, and removes all others. */
const environment = (values: { readonly [name: string]: string }) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const before = { ...process.env }
      for (const name of names) delete process.env[name]
      Object.assign(process.env, values)
      return before
    }),
    (before) => Effect.sync(() => (process.env = before))
  )

const get = (url: string, given: Partial<UndiciHttpClient.Options> = {}) =>
  Effect.gen(function* () {
    const client = yield* UndiciHttpClient.make({ ...options, ...given })
    const response = yield* client.execute(HttpClientRequest.get(url))
    return yield* response.text
  })

const models = (proxy: string | false | undefined, baseUrl: string) =>
  Effect.gen(function* () {
    const kimi = yield* KimiClient.KimiClient
    return yield* kimi.models
  }).pipe(
    Effect.provide(
      KimiNode.layer({
        apiKey: Redacted.make(key),
        baseUrl,
        allowPlainHttp: true,
        maxAttempts: 1,
        ...(proxy === undefined ? {} : { proxy })
      })
    )
  )

describe("a proxy of the environment", () => {
  it.live("is used, by the variable in either case", () =>
    Effect.gen(function* () {
      for (const name of ["http_proxy", "HTTP_PROXY"]) {
        const proxy = yield* makeProxy(200)
        yield* environment({ [name]: proxy.url })
        assert.strictEqual(yield* get("http://kimi.invalid/v1/models?a=1"), "by proxy")
        assert.strictEqual(proxy.received[0]?.url, "http://kimi.invalid/v1/models?a=1")
      }
    })
  )

  it.live("may be written without its scheme", () =>
    Effect.gen(function* () {
      const proxy = yield* makeProxy(200)
      yield* environment({ HTTP_PROXY: proxy.host })
      assert.strictEqual(yield* get("http://kimi.invalid/"), "by proxy")
    })
  )

  it.live("is that of the name in lower case if both are set", () =>
    Effect.gen(function* () {
      const proxy = yield* makeProxy(200)
      yield* environment({ http_proxy: proxy.url, HTTP_PROXY: "http://127.0.0.1:1" })
      assert.strictEqual(yield* get("http://kimi.invalid/"), "by proxy")
    })
  )

  it.live("is not used for hosts in NO_PROXY, in either case", () =>
    Effect.gen(function* () {
      const server = yield* MockServer.make({ validateRequests: false })
      for (const name of ["no_proxy", "NO_PROXY"]) {
        const proxy = yield* makeProxy(200)
        yield* environment({ HTTP_PROXY: proxy.url, [name]: "example.com, 127.0.0.1" })
        yield* get(`${server.url}/models`)
        assert.lengthOf(proxy.received, 0)
      }
    })
  )

  it.live("is not used where the variable is empty or the option is off", () =>
    Effect.gen(function* () {
      const server = yield* MockServer.make({ validateRequests: false })
      yield* environment({ HTTP_PROXY: " " })
      yield* get(`${server.url}/models`)
      yield* environment({ HTTP_PROXY: "http://127.0.0.1:1" })
      yield* get(`${server.url}/models`, { proxy: "off" })
    })
  )

  it.live("that cannot be used is a ConfigurationError that does not show it", () =>
    Effect.gen(function* () {
      yield* environment({ HTTPS_PROXY: "socks9://user:canary@proxy.example" })
      const error = yield* Effect.flip(UndiciHttpClient.make(options))
      assert.strictEqual(error._tag, "ConfigurationError")
      assert.match(error.message, /HTTPS_PROXY/)
      assert.notMatch(JSON.stringify(error) + error.message, /canary/)
    })
  )
})

describe("a proxy given as an option", () => {
  it.live("is used with its credentials, regardless of the environment", () =>
    Effect.gen(function* () {
      const proxy = yield* makeProxy(200)
      yield* environment({ HTTP_PROXY: "http://127.0.0.1:1", NO_PROXY: "*" })
      const url = Redacted.make(`http://us%20er:pass@${proxy.host}`)
      assert.strictEqual(yield* get("http://kimi.invalid/", { proxy: url }), "by proxy")
      assert.strictEqual(
        proxy.received[0]?.headers["proxy-authorization"],
        `Basic ${Buffer.from("us er:pass").toString("base64")}`
      )
    })
  )

  it.live("that demands authentication is described as a proxy, with or without a tunnel", () =>
    Effect.gen(function* () {
      yield* environment({})
      const proxy = yield* makeProxy(407)
      for (const baseUrl of ["https://kimi.invalid/v1", "http://kimi.invalid/v1"]) {
        const error = yield* Effect.flip(models(`http://user:canary@${proxy.host}`, baseUrl))
        assert.strictEqual(error._tag, "GatewayRefusedError", baseUrl)
        assert.match(error.message, /proxy demands authentication/i)
        assert.notMatch(JSON.stringify(error), /canary/)
      }
      assert.lengthOf(proxy.received, 2)
    })
  )

  it.live("that refuses has another error than one that cannot reach the host", () =>
    Effect.gen(function* () {
      yield* environment({})
      for (const [status, tag] of [
        [403, "GatewayRefusedError"],
        [502, "ConnectionRefusedError"]
      ] as const) {
        const proxy = yield* makeProxy(status)
        const error = yield* Effect.flip(models(proxy.url, "https://kimi.invalid/v1"))
        assert.strictEqual(error._tag, tag)
        assert.match(error.message, /proxy/)
      }
      const gone = yield* Effect.flip(models("http://127.0.0.1:1", "https://kimi.invalid/v1"))
      assert.strictEqual(gone._tag, "ConnectionRefusedError")
    })
  )

  it.live("is shown in health without its credentials", () =>
    Effect.gen(function* () {
      yield* environment({})
      const proxy = yield* makeProxy(403)
      const health = yield* Effect.gen(function* () {
        const kimi = yield* KimiClient.KimiClient
        return yield* kimi.health
      }).pipe(
        Effect.provide(
          KimiNode.layer({
            apiKey: Redacted.make(key),
            baseUrl: "https://kimi.invalid/v1",
            proxy: `http://user:canary@${proxy.host}`
          })
        )
      )
      const text = JSON.stringify(health)
      assert.include(text, `http://<redacted>@${proxy.host}`)
      assert.notInclude(text, "canary")
    })
  )
})

describe("extra headers", () => {
  it.live("are sent with every request, in addition to the library's headers", () =>
    Effect.gen(function* () {
      yield* environment({})
      const server = yield* MockServer.make({ validateRequests: false })
      yield* Effect.gen(function* () {
        const kimi = yield* KimiClient.KimiClient
        yield* kimi.models
        yield* kimi.chat({ messages: [{ role: "user", content: "Hi" }] })
      }).pipe(
        Effect.provide(
          KimiNode.layer({ apiKey: Redacted.make(key), baseUrl: server.url, headers: { "X-Team": "search" } })
        )
      )
      for (const { headers } of yield* server.requests) {
        assert.strictEqual(headers["x-team"], "search")
        assert.match(String(headers["authorization"]), /^Bearer /)
      }
    })
  )

  it.live("are not sent to another host of the fallback plan, which has its own", () =>
    Effect.gen(function* () {
      yield* environment({})
      const other = yield* MockServer.make({ validateRequests: false })
      yield* other.reply(Reply.body("down", { status: 503 }))
      const third = yield* MockServer.make({ validateRequests: false })
      const headers = { "x-team": "search" }
      yield* Effect.gen(function* () {
        const kimi = yield* KimiClient.KimiClient
        yield* Effect.exit(kimi.chat({ messages: [{ role: "user", content: "Hi" }] }))
      }).pipe(
        Effect.provide(
          KimiNode.layer(
            {
              apiKey: Redacted.make(key),
              provider: "custom",
              baseUrl: "http://127.0.0.1:1/v1",
              headers,
              maxAttempts: 1
            },
            {
              fallback: [
                { provider: "custom", baseUrl: other.url, model: "m" },
                { provider: "custom", baseUrl: third.url, model: "m", headers: { "x-third": "yes" } }
              ]
            }
          )
        )
      )
      const [received] = yield* other.requests
      assert.isDefined(received)
      assert.isUndefined(received?.headers["x-team"])
      const [last] = yield* third.requests
      assert.strictEqual(last?.headers["x-third"], "yes")
      assert.isUndefined(last?.headers["x-team"])
    })
  )
})
