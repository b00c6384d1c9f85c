import { createServer } from "node:net"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as MockServer from "../../src/node/MockServer.ts"
import { chat, request } from "./support/RawClient.ts"

/** A port that was free a moment ago. */
const freePort = Effect.callback<number>((resume) => {
  const server = createServer().listen(0, "127.0.0.1", () => {
    const address = server.address()
    const port = typeof address === "object" && address !== null ? address.port : 0
    server.close(() => resume(Effect.succeed(port)))
  })
})

describe("MockServer", () => {
  it.live("listens on the port of its options", () =>
    Effect.gen(function* () {
      const port = yield* freePort
      const server = yield* MockServer.make({ port })
      assert.strictEqual(server.url, `http://127.0.0.1:${port}/v1`)
      assert.strictEqual((yield* chat(server.url)).status, 200)
    })
  )

  it.live("dies when its port is used", () =>
    Effect.gen(function* () {
      const port = Number(new URL((yield* MockServer.make()).url).port)
      const cause = yield* Effect.sandbox(MockServer.make({ port })).pipe(Effect.flip)
      assert.include(String(cause), "EADDRINUSE")
    })
  )

  describe("with cors", () => {
    const preflight = (url: string) =>
      request(`${url}/chat/completions`, {
        method: "OPTIONS",
        headers: {
          origin: "https://page.example",
          "access-control-request-method": "POST",
          "access-control-request-headers": "authorization, content-type"
        }
      })

    it.live("allows what a preflight asks for", () =>
      Effect.gen(function* () {
        const server = yield* MockServer.make({ cors: true })
        const { headers, status } = yield* preflight(server.url)
        assert.strictEqual(status, 204)
        assert.strictEqual(headers["access-control-allow-origin"], "*")
        assert.strictEqual(headers["access-control-allow-headers"], "authorization, content-type")
        assert.include(headers["access-control-allow-methods"], "POST")
      })
    )

    it.live("counts no preflight as a request", () =>
      Effect.gen(function* () {
        const server = yield* MockServer.make({ cors: true })
        yield* preflight(server.url)
        assert.deepStrictEqual(yield* server.requests, [])
      })
    )

    it.live("lets a page read every response", () =>
      Effect.gen(function* () {
        const server = yield* MockServer.make({ cors: true })
        for (const body of [{}, { temperature: 0.3 }, { stream: true }]) {
          assert.strictEqual((yield* chat(server.url, body)).headers["access-control-allow-origin"], "*")
        }
      })
    )

    it.live("is off by default", () =>
      Effect.gen(function* () {
        const server = yield* MockServer.make()
        assert.isUndefined((yield* chat(server.url)).headers["access-control-allow-origin"])
        assert.strictEqual((yield* preflight(server.url)).status, 404)
      })
    )
  })
})
