import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Journal from "@kimi-effect/client/node/Journal"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { canMount, volume } from "./support/volumes.ts"

const worker = new URL("support/journalWorker.ts", import.meta.url).pathname
const header = { kind: "test", digest: "1" }
const options = { key: "k", digest: "d", codec: Schema.Number }

const inFolder = <A, E, R>(test: (folder: string) => Effect.Effect<A, E, R>) =>
  Effect.acquireUseRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "journal-"))),
    test,
    (folder) => Effect.sync(() => rmSync(folder, { recursive: true }))
  )

const onRun =
  (filename: string) =>
  <A, E, R>(use: (lease: Journal.Lease) => Effect.Effect<A, E, R>) =>
    Effect.scoped(
      Effect.flatMap(
        Effect.flatMap(Journal.Journal, (journal) => journal.run("r", header)),
        use
      )
    ).pipe(Effect.provide(Layer.fresh(Journal.layerSqlite({ filename }))))

/** Runs the worker, kills it when it has printed some lines, and gives what it printed. */
const work = async (filename: string, made: string, killAfter: number): Promise<string> => {
  const child = spawn(process.execPath, [worker, filename, made, Number.isFinite(killAfter) ? "stall" : "finish"], {
    stdio: ["ignore", "pipe", "inherit"]
  })
  let printed = ""
  child.stdout.on("data", (data: Buffer) => {
    printed += data.toString()
    if (printed.split("\n").length > killAfter) child.kill("SIGKILL")
  })
  await once(child, "close")
  return printed
}

describe("Journal.layerSqlite", () => {
  it.live("returns a recorded result after the file was opened again", () =>
    inFolder((folder) =>
      Effect.gen(function* () {
        const use = onRun(join(folder, "journal.db"))
        yield* use((lease) => lease.call(options, Effect.succeed(1)))
        assert.strictEqual(yield* use((lease) => lease.call(options, Effect.succeed(2))), 1)
      })
    )
  )

  it.live("replays a complete run after the file was opened again", () =>
    inFolder((folder) =>
      Effect.gen(function* () {
        const use = onRun(join(folder, "journal.db"))
        yield* use((lease) => Effect.andThen(lease.call(options, Effect.succeed(1)), lease.complete))
        assert.strictEqual(yield* use((lease) => lease.call(options, Effect.die("the call was made"))), 1)
      })
    )
  )

  it.live("continues a run of a file in which the name of a column has other letters", () =>
    inFolder((folder) =>
      Effect.gen(function* () {
        const filename = join(folder, "journal.db")
        const use = onRun(filename)
        yield* use((lease) => lease.call(options, Effect.succeed(1)))
        const file = readFileSync(filename)
        for (const column of ["epoch INTEGER", "completed INTEGER", "body TEXT", "digest TEXT"]) {
          for (let at = file.indexOf(column); at !== -1; at = file.indexOf(column, at + 1)) {
            file.write(column[0]?.toUpperCase() ?? "", at)
          }
        }
        writeFileSync(filename, file)
        const isComplete = (lease: Journal.Lease) =>
          Effect.andThen(
            lease.complete,
            Effect.flatMap(Journal.Journal, (journal) => journal.status("r"))
          )
        const status = yield* use((lease) =>
          Effect.gen(function* () {
            assert.strictEqual(yield* lease.call(options, Effect.die("the call was made")), 1)
            assert.strictEqual(yield* lease.call({ ...options, key: "other" }, Effect.succeed(2)), 2)
            return yield* isComplete(lease)
          })
        )
        assert.deepInclude(status?.resources[0], { state: "Completed" })
      })
    )
  )

  it.live("creates a file that only its owner can access", () =>
    inFolder((folder) =>
      Effect.gen(function* () {
        const filename = join(folder, "journal.db")
        yield* onRun(filename)(() => Effect.void)
        assert.strictEqual(statSync(filename).mode & 0o777, 0o600)
      })
    )
  )

  it.live("fails with JournalStoreError on a file that is not a database", () =>
    inFolder((folder) =>
      Effect.gen(function* () {
        const filename = join(folder, "journal.db")
        writeFileSync(filename, "x".repeat(8_192))
        const error = yield* Effect.flip(onRun(filename)(() => Effect.void))
        assert.strictEqual(error._tag, "JournalStoreError")
        assert.strictEqual(readFileSync(filename, "utf8"), "x".repeat(8_192))
      })
    )
  )

  it.live("fails with JournalStoreError on a file whose end is missing", () =>
    inFolder((folder) =>
      Effect.gen(function* () {
        const filename = join(folder, "journal.db")
        const use = onRun(filename)
        yield* use((lease) => lease.call({ ...options, codec: Schema.String }, Effect.succeed("x".repeat(100_000))))
        truncateSync(filename, 4_096)
        const error = yield* Effect.flip(use(() => Effect.void))
        assert.strictEqual(error._tag, "JournalStoreError")
      })
    )
  )

  it.live.skipIf(!canMount)("fails with the path of a file on a read-only volume", () =>
    Effect.gen(function* () {
      const disk = yield* volume(256)
      const filename = join(disk.path, "journal.db")
      disk.readOnly()
      const error = yield* Effect.flip(onRun(filename)(() => Effect.void))
      assert.include(error.message, `the file system is read-only (EROFS) (${filename})`)
    })
  )

  it.live.skipIf(!canMount)("makes no call that a full volume has no room for", () =>
    Effect.gen(function* () {
      const disk = yield* volume(512)
      const filename = join(disk.path, "journal.db")
      const later = { ...options, key: "later" }
      const error = yield* Effect.flip(
        onRun(filename)((lease) =>
          Effect.gen(function* () {
            yield* lease.call(options, Effect.succeed(1))
            disk.fill()
            yield* lease.call(later, Effect.die("the call was made"))
          })
        )
      )
      assert.strictEqual(error._tag, "JournalStoreError")
      assert.include(error.message, `database or disk is full (${filename})`)
    })
  )

  it.live("refuses a second connection on a run that is leased", () =>
    inFolder((folder) =>
      Effect.gen(function* () {
        const use = onRun(join(folder, "journal.db"))
        const error = yield* use(() => Effect.flip(use(() => Effect.void)))
        assert.strictEqual(error._tag, "BatchJobLockedError")
      })
    )
  )

  for (const killAfter of [1, 7, 19, 33, 48]) {
    it.live(`makes no answered call again after a kill at call ${killAfter}`, () =>
      inFolder((folder) =>
        Effect.promise(async () => {
          const [filename, made] = [join(folder, "journal.db"), join(folder, "made")]
          const before = await work(filename, made, killAfter)
          assert.notInclude(before, "sum")
          const answered = before.split("\n").filter((line) => line !== "")
          assert.include(await work(filename, made, Number.POSITIVE_INFINITY), "sum 1225\n")
          const calls = readFileSync(made, "utf8").trim().split("\n")
          for (const call of answered) assert.strictEqual(calls.filter((one) => one === call).length, 1)
        })
      )
    )
  }
})
