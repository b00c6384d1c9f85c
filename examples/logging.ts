/** Calls in the log, as text and as JSON, and an audit log in a file. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { KimiClient } from "@kimi-effect/client"
import { AuditLog, KimiNode, Logging } from "@kimi-effect/client/node"
import { CallLog, CallOptions, Observer, StreamFold } from "@kimi-effect/core"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

const folder = mkdtempSync(join(tmpdir(), "kimi-audit-"))
const path = join(folder, "audit.jsonl")

/** The sinks of call records: the log and the audit log. */
const observer = Layer.unwrap(
  Effect.gen(function* () {
    const log = yield* CallLog.make({ sample: 1, repeatLimit: { maxEvents: 2, interval: "10 seconds" } })
    const audit = yield* AuditLog.AuditLog
    return Observer.layer({ onCall: [log, audit.record] })
  })
)

const client = KimiNode.layerConfig().pipe(
  Layer.provide(observer),
  Layer.provideMerge(AuditLog.layer({ path, durability: "written" }))
)

const ask = Effect.gen(function* () {
  const kimi = yield* KimiClient.KimiClient
  const audit = yield* AuditLog.AuditLog
  // Fails if the audit log cannot be written, for programs that must not call without one.
  yield* audit.check
  yield* kimi.chat({ messages: [{ role: "user", content: "Hello world!" }] })
  yield* StreamFold.collect(kimi.stream({ messages: [{ role: "user", content: "Write a greeting." }] }))
  // An invalid request, five times: two are logged, and then the number of the others.
  yield* Effect.ignore(kimi.chat({ messages: [] })).pipe(Effect.repeat({ times: 4 }))
}).pipe(CallOptions.provide({ tenant: "acme", job: "example" }))

const program = Effect.gen(function* () {
  yield* Console.log("1. Text, the default in a terminal\n")
  yield* Effect.provide(ask, Layer.merge(client, Logging.layer({ format: "pretty" })))

  yield* Console.log("\n2. JSON, the default elsewhere\n")
  yield* Effect.provide(ask, Layer.merge(client, Logging.layer({ format: "json" })))

  yield* Console.log("\n3. The audit log\n")
  yield* Console.log(readFileSync(path, "utf8"))
})

await Effect.runPromise(
  Effect.ensuring(
    program,
    Effect.sync(() => rmSync(folder, { recursive: true }))
  )
)
