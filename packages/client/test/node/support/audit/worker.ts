/**
 * A process that audits calls and prints which are recorded. Arguments: the path,
 * its name, the number of calls, the durability, the size of a file, and how it ends.
 */
import { writeSync } from "node:fs"
import { Effect } from "effect"
import * as AuditLog from "../../../../src/node/AuditLog.ts"
import { call } from "./records.ts"

const [path = "", name = "", count = "", durability = "", maxBytes = "", ending = ""] = process.argv.slice(2)

const program = Effect.gen(function* () {
  const audit = yield* AuditLog.make({
    path,
    maxBytes: Number(maxBytes),
    maxFiles: 10_000,
    durability: durability as AuditLog.Durability
  })
  for (let i = 0; i < Number(count); i++) {
    yield* audit.record(call(`${name} ${i}`))
    writeSync(1, `${i}\n`)
  }
  if (ending === "exit") process.exit(0)
}).pipe(Effect.scoped)

await Effect.runPromise(program)
