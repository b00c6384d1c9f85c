import { readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { decoded } from "../mockedHost.ts"
import { runKimi } from "../runKimi.ts"
import { temporaryFolder } from "../temporaryFolder.ts"

describe("kimi simulate", () => {
  it.live("writes the page of a day", () =>
    Effect.gen(function* () {
      const html = join(yield* temporaryFolder, "day.html")
      const args = [
        "simulate",
        "--calls",
        "40",
        "--duration",
        "1 hour",
        "--outage",
        "5 minutes",
        "--json",
        "--html",
        html
      ]
      const { code, stdout } = yield* runKimi(args)
      assert.strictEqual(code, 0)
      assert.strictEqual(decoded("simulate", stdout).calls.calls, 40)
      assert.include(readFileSync(html, "utf8"), "<!DOCTYPE html>")
    })
  )

  it.live("fails for a duration that it cannot read", () =>
    Effect.map(runKimi(["simulate", "--duration", "soon"]), ({ code, stderr }) => {
      assert.strictEqual(code, 2)
      assert.include(stderr, "--duration")
    })
  )
})
