import { statSync, utimesSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Scope } from "effect"
import { TestClock } from "effect/testing"
import * as AuditLog from "../../src/node/AuditLog.ts"
import { canaryIn, key, prompt } from "./support/canary.ts"
import { allLines, filesOf, jobsOf, linesIn, textsIn, until } from "./support/audit/files.ts"
import { folder } from "./support/files.ts"
import { call } from "./support/audit/records.ts"

const day = 86_400_000
const start = Date.UTC(2026, 10, 26, 2, 30)

const file = Effect.map(folder, (path) => join(path, "logs", "audit.jsonl"))

describe("AuditLog", () => {
  /** An audit log with a successful call and a failed one. */
  const twoCalls = Effect.gen(function* () {
    const path = yield* file
    const audit = yield* AuditLog.make({ path, durability: "written" })
    yield* audit.record(call("report"))
    const { cost: _, usage: __, ...rest } = call("")
    yield* audit.record({
      ...rest,
      outcome: "ServerError",
      error: { tag: "ServerError", category: "provider", severity: "warning", message: prompt, hint: prompt },
      tags: { tenant: "", job: "", agent: "" }
    })
    return { audit, path, lines: linesIn(path) }
  })

  it.effect("writes the facts of a successful call", () =>
    Effect.gen(function* () {
      const [first] = (yield* twoCalls).lines
      const { id, ...line } = first ?? {}
      assert.match(String(id), /^[0-9a-f-]{36}$/)
      assert.deepStrictEqual(line, {
        event: "call",
        startedAt: "2026-11-26T02:30:00.000Z",
        durationMs: 1_235,
        tenant: "acme",
        job: "report",
        agent: "writer",
        operation: "chat",
        provider: "moonshot",
        account: "moonshot",
        model: "kimi-k3",
        responseModel: "kimi-k3-0905",
        outcome: "ok",
        attempts: 1,
        promptTokens: 100,
        cachedTokens: 64,
        completionTokens: 20,
        reasoningTokens: 5,
        cost: "0.3",
        currency: "USD",
        isEstimate: false,
        requestId: "req-1",
        traceId: "a".repeat(32)
      })
    })
  )

  it.effect("writes a failed call without members that it does not have", () =>
    Effect.gen(function* () {
      const [, second] = (yield* twoCalls).lines
      assert.strictEqual(second?.["outcome"], "ServerError")
      for (const name of ["cost", "tenant", "job", "promptTokens"]) assert.notProperty(second, name)
    })
  )

  it.effect("does not write the message of an error", () =>
    Effect.gen(function* () {
      const [, second] = (yield* twoCalls).lines
      assert.isUndefined(canaryIn(JSON.stringify(second)))
    })
  )

  it.effect("creates a file that only its owner can access", () =>
    Effect.gen(function* () {
      const { path } = yield* twoCalls
      assert.strictEqual(statSync(path).mode & 0o777, 0o600)
    })
  )

  it.effect("counts written lines in its status", () =>
    Effect.gen(function* () {
      const { audit } = yield* twoCalls
      assert.deepStrictEqual(yield* audit.status, { isFailing: false, written: 2, buffered: 0, dropped: 0 })
    })
  )

  const hostile = Effect.gen(function* () {
    const path = yield* file
    const audit = yield* AuditLog.make({ path, durability: "written" })
    yield* audit.record(call("a\nb\u2028\ud800", { requestModel: "x".repeat(1_000_000), requestId: key }))
    return linesIn(path)
  })

  it.effect("escapes line ends in a name", () =>
    Effect.gen(function* () {
      const [line, ...others] = yield* hostile
      assert.strictEqual(others.length, 0)
      assert.strictEqual(line?.["job"], "a\nb\u2028\ufffd")
    })
  )

  it.effect("redacts a key in an id", () =>
    Effect.gen(function* () {
      const [line] = yield* hostile
      assert.strictEqual(line?.["requestId"], "<redacted>")
    })
  )

  it.effect("truncates a long name", () =>
    Effect.gen(function* () {
      const [line] = yield* hostile
      assert.strictEqual(String(line?.["model"]).length, 257)
    })
  )

  it.effect("writes lines in batches", () =>
    Effect.gen(function* () {
      const path = yield* file
      const audit = yield* AuditLog.make({ path })
      for (const job of ["1", "2", "3"]) yield* audit.record(call(job))
      yield* TestClock.adjust("199 millis")
      assert.strictEqual((yield* audit.status).buffered, 3)
      assert.deepStrictEqual(linesIn(path), [])
      yield* TestClock.adjust("1 millis")
      yield* until(() => linesIn(path).length === 3)
      yield* audit.record(call("4"))
      yield* audit.flush
      assert.deepStrictEqual(jobsOf(linesIn(path)), ["1", "2", "3", "4"])
    })
  )

  it.effect("writes what is left when its scope closes", () =>
    Effect.gen(function* () {
      const path = yield* file
      const before = process.listenerCount("exit")
      const scope = yield* Scope.make()
      const audit = yield* Scope.provide(AuditLog.make({ path }), scope)
      assert.strictEqual(process.listenerCount("exit"), before + 1)
      for (let i = 0; i < 100; i++) yield* audit.record(call(`${i}`))
      assert.deepStrictEqual(linesIn(path), [])
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual(linesIn(path).length, 100)
      assert.strictEqual(process.listenerCount("exit"), before)
    })
  )

  it.effect("rotates a large file within the number of files to keep", () =>
    Effect.gen(function* () {
      const path = yield* file
      const audit = yield* AuditLog.make({ path, durability: "written", maxBytes: 4_096, maxFiles: 3 })
      for (let i = 0; i < 100; i++) {
        yield* audit.record(call(`${i}`))
        yield* TestClock.adjust("1 second")
      }
      const files = yield* filesOf(path)
      assert.strictEqual(files.length, 4)
      for (const one of files) {
        const { mode, size } = statSync(one)
        assert.isTrue((one === path || size > 3_000) && size <= 4_096, `${size}`)
        assert.strictEqual(mode & 0o777, 0o600)
      }
      const jobs = jobsOf(yield* allLines(path)).map(Number)
      assert.deepStrictEqual(
        jobs,
        Array.from({ length: jobs.length }, (_, i) => 100 - jobs.length + i)
      )
    })
  )

  it.effect("spreads a batch that is larger than a file over several", () =>
    Effect.gen(function* () {
      const path = yield* file
      const audit = yield* AuditLog.make({ path, maxBytes: 4_096 })
      for (let i = 0; i < 50; i++) yield* audit.record(call(`${i}`))
      yield* audit.flush
      const files = yield* filesOf(path)
      assert.isAbove(files.length, 5)
      for (const one of files) assert.isAtMost(statSync(one).size, 4_096)
      // They were set aside in the same millisecond: in which order is not known by their names.
      assert.deepStrictEqual(
        jobsOf(yield* allLines(path))
          .map(Number)
          .toSorted((a, b) => a - b),
        Array.from({ length: 50 }, (_, i) => i)
      )
    })
  )

  it.effect("begins a new file for a new day", () =>
    Effect.gen(function* () {
      const path = yield* file
      yield* TestClock.setTime(start)
      const audit = yield* AuditLog.make({ path, durability: "written" })
      yield* audit.record(call("1"))
      yield* TestClock.setTime(Date.UTC(2026, 10, 26, 23, 59, 59, 999))
      yield* audit.record(call("2"))
      yield* TestClock.setTime(Date.UTC(2026, 10, 27))
      yield* audit.record(call("3"))
      assert.deepStrictEqual(
        (yield* filesOf(path)).map((one) => jobsOf(linesIn(one))),
        [["1", "2"], ["3"]]
      )
    })
  )

  it.effect("begins a new file for a new day after a restart", () =>
    Effect.gen(function* () {
      const path = yield* file
      yield* TestClock.setTime(start)
      const audit = yield* AuditLog.make({ path, durability: "written" })
      yield* audit.record(call("3"))
      utimesSync(path, (start + day) / 1_000, (start + day) / 1_000)
      yield* TestClock.setTime(start + 2 * day)
      const next = yield* AuditLog.make({ path, durability: "written" })
      yield* next.record(call("4"))
      assert.deepStrictEqual(
        (yield* filesOf(path)).map((one) => jobsOf(linesIn(one))),
        [["3"], ["4"]]
      )
    })
  )

  it.effect("appends to the file of another day when daily rotation is off", () =>
    Effect.gen(function* () {
      const path = yield* file
      yield* TestClock.setTime(start)
      const audit = yield* AuditLog.make({ path, durability: "written" })
      yield* audit.record(call("4"))
      const whole = yield* AuditLog.make({ path, durability: "written", daily: false })
      yield* TestClock.setTime(start + 9 * day)
      yield* whole.record(call("5"))
      assert.deepStrictEqual(jobsOf(linesIn(path)), ["4", "5"])
    })
  )

  it.effect("begins a new line after an incomplete one", () =>
    Effect.gen(function* () {
      const path = join(yield* folder, "audit.jsonl")
      writeFileSync(path, '{"event":"call","id":"half')
      const audit = yield* AuditLog.make({ path, durability: "synced", daily: false })
      yield* audit.record(call("1"))
      writeFileSync(path, '{"event', { flag: "a" })
      yield* audit.record(call("2"))
      yield* audit.record(call("3"))
      writeFileSync(
        `${path}.whole`,
        textsIn(path)
          .filter((line) => line.endsWith("}"))
          .join("\n")
      )
      assert.strictEqual(textsIn(path).length, 5)
      assert.deepStrictEqual(jobsOf(linesIn(`${path}.whole`)), ["1", "2", "3"])
    })
  )

  it.effect("refuses options that it cannot use", () =>
    Effect.gen(function* () {
      const options = { path: "", maxBytes: 1, maxFiles: 0, maxBuffered: 0.5 }
      const error = yield* Effect.flip(AuditLog.make(options))
      assert.deepStrictEqual(
        error.issues.map(({ name }) => name),
        Object.keys(options).map((name) => `AuditLog ${name}`)
      )
    })
  )
})
