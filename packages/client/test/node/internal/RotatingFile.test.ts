import { readdirSync, readlinkSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Scope } from "effect"
import { TestClock } from "effect/testing"
import * as AuditLog from "../../../src/node/AuditLog.ts"
import { RotatingFile } from "../../../src/node/internal/RotatingFile.ts"
import { until } from "../support/audit/files.ts"
import { call } from "../support/audit/records.ts"
import { folder } from "../support/files.ts"
import { fullPipe } from "../support/fullPipe.ts"
import { stalledDisk } from "../support/stalledDisk.ts"

/** How often this process has a file open. */
const countOpen = (path: string): number =>
  readdirSync("/proc/self/fd").filter((name) => {
    try {
      return readlinkSync(`/proc/self/fd/${name}`) === path
    } catch {
      return false
    }
  }).length

const optionsOf = (path: string) => ({
  path,
  maxBytes: 1_000,
  maxFiles: 2,
  isDaily: false,
  mode: 0o600,
  isSynced: false
})

describe("RotatingFile", () => {
  it.effect("closes a file that a disk opens after the close", () =>
    Effect.gen(function* () {
      const path = join(yield* folder, "audit.jsonl")
      const disk = yield* stalledDisk
      const file = new RotatingFile(optionsOf(path))
      const appended = file.append(['{"event":"x"}'], 0)
      yield* Effect.promise(() => file.close())
      yield* disk.respond
      const { failure, lines } = yield* Effect.promise(() => appended)
      assert.deepStrictEqual([lines, `${failure}`], [0, "Error: the audit log is closed"])
      assert.strictEqual(countOpen(path), 0)
    })
  )

  it.effect("is closed by an audit log whose last write ends too late", () =>
    Effect.gen(function* () {
      const path = join(yield* folder, "audit.jsonl")
      const pipe = fullPipe(path)
      const scope = yield* Scope.make()
      const audit = yield* Scope.provide(AuditLog.make({ path }), scope)
      yield* audit.record(call("x"))
      const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void))
      yield* until(() => closing.pollUnsafe() !== undefined, TestClock.adjust("1 second"))
      assert.strictEqual(countOpen(path), 2)
      pipe.read()
      yield* until(() => countOpen(path) === 1, Effect.void)
      pipe.close()
    })
  )
})
