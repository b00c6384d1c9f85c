import { mkdirSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as LogLines from "../src/logLines.ts"
import { withServer } from "./mockedHost.ts"
import { runKimi } from "./runKimi.ts"
import { temporaryFolder } from "./temporaryFolder.ts"

const lineOf = (effect: Effect.Effect<unknown, unknown>) =>
  Effect.gen(function* () {
    const lines: Array<string> = []
    const collect = Logger.map(LogLines.logger, (line) => void lines.push(line))
    yield* effect.pipe(
      Effect.catchCause((cause) => Effect.logWarning("It failed", cause)),
      Effect.provide(Logger.layer([collect]))
    )
    return lines.join("\n")
  })

describe("a line of the log", () => {
  it.live("names a cache that cannot be opened without frames", () =>
    withServer((_, env) =>
      Effect.gen(function* () {
        const path = join(yield* temporaryFolder, "cache")
        mkdirSync(path)
        const { code, stderr } = yield* runKimi(["chat", "Hi", "--cache", `sqlite:${path}`], { env, stdin: "" })
        assert.strictEqual(code, 0, stderr)
        const lines = stderr.trimEnd().split("\n")
        // One for its answers that are not read, and one for those that are not written.
        assert.lengthOf(lines, 2)
        for (const line of lines) {
          assert.include(line, `it is a folder and not a file (${path}) hint: Check that the cache store is reachable`)
          assert.notMatch(line, /\bat |:\d+:\d+"?$/)
        }
      })
    )
  )

  it.effect("has the message of an error without a stack", () =>
    Effect.gen(function* () {
      const error = Object.assign(new Error("two\nlines"), { stack: undefined })
      assert.include(yield* lineOf(Effect.fail(error)), 'cause="Error: two lines"')
    })
  )

  it.effect("has the frames of a defect", () =>
    Effect.gen(function* () {
      assert.include(yield* lineOf(Effect.die(new Error("a defect"))), "logLines.test.ts:")
    })
  )

  it.effect("has no cause where there is none", () =>
    Effect.gen(function* () {
      assert.notInclude(yield* lineOf(Effect.logWarning("Only a text")), "cause")
    })
  )
})
