import { symlinkSync, unlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Logger, References, Scope } from "effect"
import { TestClock } from "effect/testing"
import * as AuditLog from "../../src/node/AuditLog.ts"
import { jobsOf, linesIn, until } from "./support/audit/files.ts"
import { folder } from "./support/files.ts"
import { call } from "./support/audit/records.ts"
import { fullPipe } from "./support/fullPipe.ts"
import { stalledDisk } from "./support/stalledDisk.ts"

const start = Date.UTC(2026, 10, 26, 2, 30)

describe("an audit log that cannot be written", () => {
  const watched = <A, E, R>(program: Effect.Effect<A, E, R>) =>
    Effect.suspend(() => {
      const logged: Array<string> = []
      const logger = Logger.make(({ logLevel, message }) => void logged.push(`${logLevel} ${JSON.stringify(message)}`))
      return Effect.map(Effect.provide(program, Logger.layer([logger])), () => logged)
    })

  it.effect("keeps lines until they can be written again", () =>
    Effect.gen(function* () {
      const path = join(yield* folder, "audit.jsonl")
      // A device on which every write fails with ENOSPC.
      symlinkSync("/dev/full", path)
      yield* TestClock.setTime(start)
      const audit = yield* AuditLog.make({ path, durability: "written", maxBuffered: 3 })
      const logged = yield* watched(
        Effect.gen(function* () {
          for (let i = 0; i < 10; i++) yield* audit.record(call(`${i}`))
          assert.deepStrictEqual(yield* audit.status, {
            isFailing: true,
            written: 0,
            buffered: 3,
            dropped: 7,
            failure: { since: start, reason: "ENOSPC" }
          })
          const error = yield* Effect.flip(audit.check)
          assert.deepStrictEqual([error._tag, error.reason, error.since], ["AuditUnavailableError", "ENOSPC", start])
          unlinkSync(path)
          // The next attempt is due within a second, without a call.
          yield* until(() => linesIn(path).length === 4, TestClock.adjust("1 second"))
          // The lines are in the file before the buffer is known to be free.
          let isFailing = true
          yield* until(
            () => !isFailing,
            Effect.map(audit.status, (status) => void (isFailing = status.isFailing))
          )
          yield* audit.record(call("last"))
          yield* audit.check
        })
      )
      assert.deepStrictEqual(jobsOf(linesIn(path)), ["0", "1", "2", undefined, "last"])
      const { at, id: _, ...gap } = linesIn(path)[3] ?? {}
      assert.deepStrictEqual([gap, String(at).slice(0, 13)], [{ event: "gap", dropped: 7 }, "2026-11-26T02"])
      assert.deepStrictEqual(yield* audit.status, { isFailing: false, written: 4, buffered: 0, dropped: 7 })
      assert.deepStrictEqual(logged, [
        'Warn ["The audit log cannot be written; calls continue",{"reason":"ENOSPC"}]',
        'Info ["The audit log can be written again"]'
      ])
    })
  )

  it.effect("is reported without the annotations of a call", () =>
    Effect.gen(function* () {
      const path = join(yield* folder, "audit.jsonl")
      symlinkSync("/dev/full", path)
      const audit = yield* AuditLog.make({ path, durability: "written" })
      const annotations: Array<unknown> = []
      const logger = Logger.make(({ fiber }) => void annotations.push(fiber.getRef(References.CurrentLogAnnotations)))
      yield* audit.record(call("1")).pipe(Effect.annotateLogs("call", "1"), Effect.provide(Logger.layer([logger])))
      assert.deepStrictEqual(annotations, [{}])
    })
  )

  it.effect("is reported before the first call", () =>
    Effect.gen(function* () {
      const root = yield* folder
      writeFileSync(join(root, "logs"), "a file where the folder should be")
      const audit = yield* AuditLog.make({ path: join(root, "logs", "audit.jsonl") })
      assert.isTrue((yield* audit.status).isFailing)
    }).pipe(watched)
  )

  it.effect("is attempted again by check", () =>
    Effect.gen(function* () {
      const root = yield* folder
      writeFileSync(join(root, "logs"), "a file where the folder should be")
      const path = join(root, "logs", "audit.jsonl")
      const logged = yield* watched(
        Effect.gen(function* () {
          const audit = yield* AuditLog.make({ path })
          const error = yield* Effect.flip(audit.check)
          assert.match(error.message, /^The audit log cannot be written \((EEXIST|ENOTDIR)\)$/)
          unlinkSync(join(root, "logs"))
          yield* audit.check
          yield* audit.record(call("1"))
          yield* audit.flush
          assert.deepStrictEqual(jobsOf(linesIn(path)), ["1"])
        })
      )
      assert.strictEqual(logged.length, 2)
    })
  )

  it.effect("delays calls for at most five seconds when the disk hangs", () =>
    Effect.gen(function* () {
      const path = join(yield* folder, "audit.jsonl")
      const pipe = fullPipe(path)
      const scope = yield* Scope.make()
      const audit = yield* Scope.provide(AuditLog.make({ path, durability: "written", maxBuffered: 500 }), scope)
      const stuck = yield* Effect.forkChild(
        Effect.forever(
          Effect.andThen(
            audit.record(call("x")),
            Effect.sync(() => (recorded += 1))
          )
        )
      )
      let recorded = 0
      yield* TestClock.adjust("4999 millis")
      assert.strictEqual(recorded, 0)
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(recorded, 1)
      yield* Fiber.interrupt(stuck)
      const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void))
      yield* TestClock.adjust("4999 millis")
      assert.isUndefined(closing.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      yield* Fiber.join(closing)
      // Otherwise the write outlives the test.
      pipe.read()
      pipe.close()
    })
  )

  it.effect("logs how many lines were lost when it closes before they are written", () =>
    Effect.gen(function* () {
      const path = join(yield* folder, "audit.jsonl")
      symlinkSync("/dev/full", path)
      const logged = yield* watched(
        Effect.scoped(Effect.flatMap(AuditLog.make({ path }), (audit) => audit.record(call("1"))))
      )
      assert.deepStrictEqual(logged, [
        'Warn ["The audit log cannot be written; calls continue",{"reason":"ENOSPC"}]',
        'Warn ["Audit log lines were dropped",{"lines":1}]'
      ])
    })
  )

  it.effect("is opened within five seconds on a disk that does not respond", () =>
    Effect.gen(function* () {
      const path = join(yield* folder, "audit.jsonl")
      yield* TestClock.setTime(start)
      const disk = yield* stalledDisk
      const opening = yield* Effect.forkChild(AuditLog.make({ path, durability: "written" }))
      yield* TestClock.adjust("4999 millis")
      assert.isUndefined(opening.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      const audit = yield* Fiber.join(opening)
      const { failure } = yield* audit.status
      assert.deepStrictEqual(failure, { since: start + 5_000, reason: "ETIMEDOUT" })
      // Calls do not wait for it.
      yield* audit.record(call("early"))
      yield* disk.respond
      yield* until(() => linesIn(path).length === 1, TestClock.adjust("1 second"))
      assert.deepStrictEqual(jobsOf(linesIn(path)), ["early"])
      assert.isFalse((yield* audit.status).isFailing)
    })
  )
})
