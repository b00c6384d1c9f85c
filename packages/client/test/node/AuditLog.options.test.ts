import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as AuditLog from "../../src/node/AuditLog.ts"
import { folder } from "./support/files.ts"
import { namesOf, untyped } from "./support/options.ts"

describe("options of AuditLog", () => {
  it.effect("must have a known durability, since another spelling would lose lines", () =>
    Effect.gen(function* () {
      const path = join(yield* folder, "audit.jsonl")
      const options = untyped('{ "durability": "sync", "mode": "600", "daily": "no" }')
      assert.deepStrictEqual(yield* namesOf(AuditLog.layer({ ...options, path })), [
        "AuditLog daily",
        "AuditLog durability",
        "AuditLog mode"
      ])
    })
  )

  it.effect("must have a path", () =>
    Effect.gen(function* () {
      for (const options of ["{}", '{ "path": " " }']) {
        assert.deepStrictEqual(yield* namesOf(AuditLog.layer(untyped(options))), ["AuditLog path"])
      }
    })
  )

  it.effect("must leave the file writable for its owner", () =>
    Effect.gen(function* () {
      const path = join(yield* folder, "audit.jsonl")
      assert.deepStrictEqual(yield* namesOf(AuditLog.layer({ path, mode: 0o400 })), ["AuditLog mode"])
    })
  )
})
