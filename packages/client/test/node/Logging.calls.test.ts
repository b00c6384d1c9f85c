/**
 * The log and audit of calls over HTTP: all known facts, but neither the key nor
 * the prompt.
 */
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as CallOptions from "@kimi-effect/core/CallOptions"
import * as CallLog from "@kimi-effect/core/CallLog"
import * as Logging from "@kimi-effect/core/Logging"
import * as Observer from "@kimi-effect/core/Observer"
import * as Admission from "@kimi-effect/core/Admission"
import * as CircuitBreaker from "@kimi-effect/core/CircuitBreaker"
import { ErrorReply } from "@kimi-effect/testing"
import { MockServer } from "@kimi-effect/testing/node"
import { Effect, Layer, Redacted, Schema, Stream } from "effect"
import * as KimiClient from "../../src/KimiClient.ts"
import * as AuditLog from "../../src/node/AuditLog.ts"
import * as KimiNode from "../../src/node/KimiNode.ts"
import { linesIn, textsIn } from "./support/audit/files.ts"
import { folder } from "./support/files.ts"
import * as Canary from "./support/canary.ts"

const LogLine = Schema.fromJsonString(Schema.Record(Schema.String, Schema.Unknown))

const observer = Layer.unwrap(
  Effect.gen(function* () {
    const log = yield* CallLog.make({ repeatLimit: false })
    const audit = yield* AuditLog.AuditLog
    return Observer.layer({ onCall: [log, audit.record] })
  })
)

const setUp = Effect.gen(function* () {
  const path = join(yield* folder, "audit.jsonl")
  const server = yield* MockServer.make({ validateRequests: false })
  const lines: Array<string> = []
  const options = { apiKey: Redacted.make(Canary.key), baseUrl: server.url, maxAttempts: 1 }
  const client = KimiNode.layer(options).pipe(
    Layer.provide([observer, CircuitBreaker.layerOff, Admission.layerOff]),
    Layer.provide(AuditLog.layer({ path, durability: "written" }))
  )
  const logging = Logging.layer({ level: "All", format: "json", write: (line) => void lines.push(line) })
  const context = yield* Layer.build(Layer.merge(client, logging))
  return { path, server, lines, context }
})

const tryBoth = Effect.gen(function* () {
  const kimi = yield* KimiClient.KimiClient
  for (const call of [kimi.chat(Canary.request), Stream.runDrain(kimi.stream(Canary.request))]) {
    // As careless programs do.
    yield* Effect.ignore(Effect.tapCause(call, (cause) => Effect.logError("a call failed", cause, { cause })))
  }
})

describe("the log and the audit of calls over HTTP", () => {
  it.live("contain the same calls with the same trace ids", () =>
    Effect.gen(function* () {
      const { context, lines, path } = yield* setUp
      yield* tryBoth.pipe(
        CallOptions.provide({ tenant: "acme" }),
        Effect.withSpan("outer"),
        Effect.provideContext(context)
      )
      const logged = lines.map((line) => Schema.decodeUnknownSync(LogLine)(line))
      assert.deepStrictEqual(
        logged.map((line) => line["message"]),
        ["chat succeeded", "stream succeeded"]
      )
      assert.deepStrictEqual(
        linesIn(path).map((line) => [line["traceId"], line["outcome"], line["tenant"]]),
        logged.map((line) => [line["trace_id"], "ok", "acme"])
      )
      for (const text of [...lines, ...textsIn(path)]) assert.isUndefined(Canary.canaryIn(text), text)
    })
  )

  it.live("contain neither key nor prompt when the host repeats them", () =>
    Effect.gen(function* () {
      const { context, lines, path, server } = yield* setUp
      for (const name of ErrorReply.names) {
        yield* server.replyAlways(Canary.echo(ErrorReply.table[name]))
        yield* Effect.provideContext(tryBoth, context)
      }
      const records = linesIn(path)
      assert.strictEqual(records.length, 2 * ErrorReply.names.length)
      assert.strictEqual(lines.length, 2 * records.length)
      for (const line of lines) Schema.decodeUnknownSync(LogLine)(line)
      for (const text of [...lines, ...textsIn(path)]) assert.isUndefined(Canary.canaryIn(text), text)
    })
  )
})
