import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { decoded } from "../mockedHost.ts"
import { externalIn } from "../externalResource.ts"
import { runKimi } from "../runKimi.ts"
import { temporaryFolder } from "../temporaryFolder.ts"

const day = Effect.gen(function* () {
  const html = join(yield* temporaryFolder, "day.html")
  const args = ["simulate", "--calls", "40", "--duration", "1 hour", "--outage", "5 minutes", "--json", "--html", html]
  const { code, stderr, stdout } = yield* runKimi(args)
  assert.strictEqual(code, 0, stderr)
  return { page: readFileSync(html, "utf8"), report: decoded("simulate", stdout) }
})

describe("kimi simulate", () => {
  it.live("writes the figures of its report as a page", () =>
    Effect.gen(function* () {
      const { page, report } = yield* day
      const figures = new Map(
        [...page.matchAll(/<dt>([^<]*)<\/dt><dd>([^<]*)<\/dd>/g)].map(([, name = "", value = ""]) => [name, value])
      )
      const percent = (share: number): string => `${(share * 100).toFixed(4)} %`
      assert.strictEqual(report.calls.calls, 40)
      assert.isBelow(report.calls.succeeded, 40)
      assert.strictEqual(figures.get("of 40 calls succeeded"), percent(report.calls.successRate))
      assert.strictEqual(figures.get("succeeded outside outages"), percent(report.outsideOutages.successRate))
      assert.strictEqual(figures.get("attempts per call"), (report.attempts.count / 40).toFixed(2))
      assert.strictEqual(figures.get("429s for limits"), `${report.rateLimited.count}`)
      assert.strictEqual(figures.get("circuit openings"), `${report.breaker.openings}`)
      assert.strictEqual(figures.get("cost"), `$${Number(report.cost.total).toFixed(2)}`)
      for (const { count, tag } of report.calls.byTag) {
        assert.include(page, `<th scope="row" class="sub">${tag}</th><td>${count}</td>`)
      }
    })
  )

  it.live("writes a page that loads nothing", () =>
    Effect.gen(function* () {
      const { page } = yield* day
      assert.match(page, /^<!DOCTYPE html>/)
      assert.isUndefined(externalIn(page))
    })
  )

  it.live("fails for a duration that it cannot read", () =>
    Effect.map(runKimi(["simulate", "--duration", "soon"]), ({ code, stderr }) => {
      assert.strictEqual(code, 2)
      assert.include(stderr, "--duration")
    })
  )

  it.live("names the lines of a log that it does not simulate", () =>
    Effect.gen(function* () {
      const log = join(yield* temporaryFolder, "audit.jsonl")
      const call = JSON.stringify({
        event: "call",
        id: "call-1",
        startedAt: "2026-11-23T09:00:00.000Z",
        operation: "chat",
        model: "kimi-k3",
        promptTokens: 10,
        completionTokens: 20
      })
      const gap = JSON.stringify({ event: "gap", id: "gap-1", dropped: 3 })
      writeFileSync(log, [call, call, gap, '{"event":"ca', "no line", ""].join("\n"))
      const { code, stderr, stdout } = yield* runKimi(["simulate", "--traffic", log, "--json"])
      assert.strictEqual(code, 0, stderr)
      assert.strictEqual(decoded("simulate", stdout).calls.calls, 1)
      assert.include(
        stderr,
        "Not simulated: 2 lines that are no calls, 1 line with the id of another, 3 calls that the log had dropped."
      )
    })
  )
})
