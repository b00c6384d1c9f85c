import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as KimiClient from "@kimi-effect/client/KimiClient"
import * as AuditLog from "@kimi-effect/client/node/AuditLog"
import * as Observer from "@kimi-effect/core/Observer"
import { Effect, Layer } from "effect"
import * as AuditTraffic from "../../src/node/AuditTraffic.ts"
import * as MockServer from "../../src/node/MockServer.ts"
import { FetchHttpClient } from "effect/http"
import * as Redacted from "effect/Redacted"

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "kimi-traffic-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true }))
)

/** Makes calls through a client with an audit log, at a mock server. */
const writeAudit = Effect.fnUntraced(function* (path: string, calls: number) {
  const server = yield* MockServer.make()
  const observer = Layer.effect(
    Observer.Observer,
    Effect.flatMap(AuditLog.make({ path }), ({ healthCheck, record }) =>
      Observer.make({ onCall: [record], healthChecks: [healthCheck] })
    )
  )
  const client = KimiClient.layer({ apiKey: Redacted.make("sk-traffic-0123456789"), baseUrl: server.url }).pipe(
    Layer.provide(Layer.merge(observer, FetchHttpClient.layer))
  )
  const call = Effect.flatMap(KimiClient.KimiClient, (kimi) =>
    kimi.chat({ messages: [{ role: "user", content: "Hello" }] })
  )
  yield* Effect.provide(Effect.repeat(call, { times: calls - 1 }), client)
})

describe("fromFiles", () => {
  it.live("reads the calls of an audit log that a client wrote", () =>
    Effect.gen(function* () {
      const path = join(yield* folder, "audit.jsonl")
      yield* writeAudit(path, 3)
      const { calls, ignored } = yield* AuditTraffic.fromFiles([path])
      assert.deepStrictEqual(ignored, { damaged: 0, repeated: 0, dropped: 0 })
      assert.deepStrictEqual(
        calls.map(({ isStream, model }) => [isStream, model]),
        Array.from({ length: 3 }, () => [false, "kimi-k3"])
      )
    })
  )

  it.live("ignores calls that two files contain", () =>
    Effect.gen(function* () {
      const path = join(yield* folder, "audit.jsonl")
      yield* writeAudit(path, 2)
      const { calls, ignored } = yield* AuditTraffic.fromFiles([path, path])
      assert.deepStrictEqual([calls.length, ignored.repeated], [2, 2])
    })
  )

  it.live("names the file that cannot be read", () =>
    Effect.gen(function* () {
      const path = join(yield* folder, "absent.jsonl")
      const error = yield* Effect.flip(AuditTraffic.fromFiles([path]))
      assert.deepStrictEqual(
        error.issues.map(({ name }) => name),
        ["paths[0]"]
      )
      assert.include(error.message, "ENOENT")
    })
  )

  it.live("fails for a file that is not an audit log", () =>
    Effect.gen(function* () {
      const path = join(yield* folder, "other.txt")
      writeFileSync(path, "a\nb\n")
      assert.include((yield* Effect.flip(AuditTraffic.fromFiles([path]))).message, "none of 2 lines is a call")
    })
  )
})
