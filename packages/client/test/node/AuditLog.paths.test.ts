/** An audit log whose path is wrong, or becomes unusable: nothing of others changes, and health shows why. */
import { chmodSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { MockServer } from "@kimi-effect/testing/node"
import { Effect, Logger } from "effect"
import { TestClock } from "effect/testing"
import * as AuditLog from "../../src/node/AuditLog.ts"
import { jobsOf, linesIn, until, wholeLines } from "./support/audit/files.ts"
import { call } from "./support/audit/records.ts"
import { connect, small } from "./support/configured.ts"
import { folder } from "./support/files.ts"
import { place, wrongFiles } from "./support/paths.ts"
import { canMount, volume } from "./support/volumes.ts"

const quiet = Effect.provide(Logger.layer([]))

const { "a short file": shortFile, ...others } = wrongFiles
const harmful = {
  ...others,
  "a file that is due for rotation": (root: string) => {
    writeFileSync(join(root, "mine.jsonl"), '{"mine":1}\n'.repeat(1_000))
    return join(root, "mine.jsonl")
  },
  ...(shortFile === undefined ? {} : { "a short file": shortFile })
}

/** The result of the health check of an audit. */
const health = (audit: AuditLog.AuditLog["Service"]) => audit.healthCheck.check

describe("AuditLog.make", () => {
  for (const [name, arrange] of Object.entries(harmful)) {
    it.effect(`leaves ${name} as it is`, () =>
      Effect.gen(function* () {
        const { contents, path } = yield* place(arrange)
        const before = contents()
        yield* Effect.scoped(
          Effect.gen(function* () {
            const audit = yield* AuditLog.make({ path, maxBytes: 4_096, durability: "written" })
            yield* audit.record(call("1"))
            yield* TestClock.adjust("2 seconds")
            assert.isTrue((yield* audit.status).isFailing)
          })
        )
        assert.deepStrictEqual(contents(), before)
      }).pipe(quiet)
    )
  }

  it.effect("continues a file whose first line is incomplete", () =>
    Effect.gen(function* () {
      const path = join(yield* folder, "audit.jsonl")
      writeFileSync(path, '{"eve')
      const audit = yield* AuditLog.make({ path, durability: "written", daily: false })
      yield* audit.record(call("1"))
      assert.isTrue(readFileSync(path, "utf8").startsWith('{"eve\n{"event":"call"'))
    })
  )

  it.effect("removes permissions of an existing file that new ones do not have", () =>
    Effect.gen(function* () {
      const path = join(yield* folder, "audit.jsonl")
      writeFileSync(path, "")
      chmodSync(path, 0o646)
      yield* AuditLog.make({ path, mode: 0o640 })
      assert.strictEqual(statSync(path).mode & 0o777, 0o640)
    })
  )

  it.effect("keeps a stricter mode of an existing file", () =>
    Effect.gen(function* () {
      const path = join(yield* folder, "audit.jsonl")
      writeFileSync(path, "", { mode: 0o600 })
      yield* AuditLog.make({ path, mode: 0o644 })
      assert.strictEqual(statSync(path).mode & 0o777, 0o600)
    })
  )
})

describe("the health check of an audit log", () => {
  it.effect("is healthy while the file can be written", () =>
    Effect.gen(function* () {
      const path = join(yield* folder, "audit.jsonl")
      const audit = yield* AuditLog.make({ path, durability: "written" })
      yield* audit.record(call("1"))
      assert.deepStrictEqual(yield* health(audit), {
        status: "healthy",
        code: "Ok",
        message: "The audit log can be written.",
        details: { path, written: 1, buffered: 0, dropped: 0 }
      })
    })
  )

  it.effect("counts the lines that a full disk has cost", () =>
    Effect.gen(function* () {
      const path = join(yield* folder, "audit.jsonl")
      // A device on which every write fails with ENOSPC.
      symlinkSync("/dev/full", path)
      const audit = yield* AuditLog.make({ path, durability: "written", maxBuffered: 2 })
      for (let i = 0; i < 5; i++) yield* audit.record(call(`${i}`))
      assert.deepStrictEqual(yield* health(audit), {
        status: "degraded",
        code: "AuditUnavailable",
        message: "The audit log cannot be written; calls continue.",
        details: { path, written: 0, buffered: 2, dropped: 3, reason: "the disk is full (ENOSPC)", since: 0 }
      })
    }).pipe(quiet)
  )

  it.live.skipIf(!canMount)("recovers when a full volume has room", () =>
    Effect.gen(function* () {
      const disk = yield* volume(256)
      const path = join(disk.path, "logs", "audit.jsonl")
      const audit = yield* AuditLog.make({ path, durability: "written", maxBuffered: 1_000 })
      yield* audit.record(call("first"))
      disk.fill()
      for (let i = 0; i < 100; i++) yield* audit.record(call(`${i}`))
      const full = yield* health(audit)
      assert.strictEqual(full.status, "degraded")
      assert.include(["the disk is full (ENOSPC)", "a write was cut short"], full.details?.["reason"])
      disk.clear()
      yield* audit.flush
      assert.strictEqual((yield* health(audit)).status, "healthy")
      assert.strictEqual((yield* wholeLines(path)).length, 101)
    }).pipe(quiet)
  )

  it.effect("recovers when a folder that vanished can be created again", () =>
    Effect.gen(function* () {
      const path = join(yield* folder, "logs", "audit.jsonl")
      const audit = yield* AuditLog.make({ path, durability: "written" })
      yield* audit.record(call("first"))
      rmSync(dirname(path), { recursive: true })
      writeFileSync(dirname(path), "in the way")
      yield* audit.record(call("second"))
      const { details, status } = yield* health(audit)
      assert.strictEqual(status, "degraded")
      assert.match(String(details?.["reason"]), /^a part of the path is a file and not a folder \(E[A-Z]+\)$/)
      unlinkSync(dirname(path))
      mkdirSync(dirname(path))
      yield* until(() => linesIn(path).length === 1, TestClock.adjust("1 second"))
      // The file has the line before the writer is notified.
      yield* audit.flush
      assert.strictEqual((yield* health(audit)).status, "healthy")
      assert.deepStrictEqual(jobsOf(linesIn(path)), ["second"])
    }).pipe(quiet)
  )

  it.live("is a component of the health of a client", () =>
    Effect.gen(function* () {
      const server = yield* MockServer.make()
      const path = join(yield* folder, "audit.jsonl")
      symlinkSync("/dev/full", path)
      const kimi = yield* connect(server, { KIMI_AUDIT_LOG: path, KIMI_AUDIT_DURABILITY: "written" })
      yield* kimi.chat(small)
      const report = yield* kimi.health
      const audit = report.components.find(({ name }) => name === "audit")
      assert.deepInclude(audit, { role: "supporting", status: "degraded", code: "AuditUnavailable" })
      assert.strictEqual(report.status, "degraded")
    }).pipe(quiet)
  )
})
