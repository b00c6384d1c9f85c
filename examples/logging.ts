/** Calls in the log, for people and as JSON, and an audit of them in a file. */
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

/** Who is told of every call that has ended: the log, and the audit. */
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
  // Where no call may be made without an audit, ask before each.
  yield* audit.check
  yield* kimi.chat({ messages: [{ role: "user", content: "Hello world!" }] })
  yield* StreamFold.collect(kimi.stream({ messages: [{ role: "user", content: "Say hello." }] }))
  // A request that is refused, five times: two are written, and then how many more there were.
  yield* Effect.ignore(kimi.chat({ messages: [] })).pipe(Effect.repeat({ times: 4 }))
}).pipe(CallOptions.provide({ tenant: "acme", job: "example" }))

const program = Effect.gen(function* () {
  yield* Console.log("1. For people, as in a terminal\n")
  yield* Effect.provide(ask, Layer.merge(client, Logging.layer({ format: "pretty" })))

  yield* Console.log("\n2. As JSON, as anywhere else\n")
  yield* Effect.provide(ask, Layer.merge(client, Logging.layer({ format: "json" })))

  yield* Console.log("\n3. The audit\n")
  yield* Console.log(readFileSync(path, "utf8"))
})

await Effect.runPromise(
  Effect.ensuring(
    program,
    Effect.sync(() => rmSync(folder, { recursive: true }))
  )
)
