/** The program when the reader of its output has gone. */
import { spawn } from "node:child_process"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as MockServer from "@kimi-effect/testing/node/MockServer"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { ended, environment, firstOutput, program, start } from "./process.ts"
import { temporaryFolder } from "./temporaryFolder.ts"

describe("an output that is not read any more", () => {
  it.live("stops a batch", () =>
    Effect.gen(function* () {
      const server = yield* MockServer.make()
      const input = join(yield* temporaryFolder, "in.jsonl")
      const rows = Array.from({ length: 1000 }, (_, i) =>
        JSON.stringify({ messages: [{ role: "user", content: `Row ${i}` }] })
      )
      writeFileSync(input, rows.join("\n"))
      const child = yield* start(["batch", "run", input, "-", "--rows", "1"], { KIMI_BASE_URL: server.url })
      const waiting = yield* Effect.forkChild(ended(child), { startImmediately: true })
      yield* firstOutput(child)
      child.stdout.destroy()
      const { code, stderr } = yield* Fiber.join(waiting)
      assert.strictEqual(code, 141, stderr)
      assert.include(stderr, "its reader has gone")
      assert.isBelow((yield* server.requests).length, rows.length)
    })
  )

  it.live.skipIf(process.platform === "win32")("has the code of a closed pipe behind the first rows of a batch", () =>
    Effect.gen(function* () {
      const server = yield* MockServer.make()
      const input = join(yield* temporaryFolder, "in.jsonl")
      const row = (content: number) => JSON.stringify({ messages: [{ role: "user", content: `Row ${content}` }] })
      writeFileSync(input, Array.from({ length: 200 }, (_, i) => row(i)).join("\n"))
      const line = '"$0" "$1" batch run "$2" - --rows 1 | head -n 1; echo "code ${PIPESTATUS[0]}"'
      const child = spawn("bash", ["-c", line, process.execPath, program, input], {
        env: { ...environment, KIMI_BASE_URL: server.url }
      })
      const { stdout } = yield* ended(child)
      const [first = "", last] = stdout.trim().split("\n")
      assert.deepStrictEqual([JSON.parse(first).line, last], [1, "code 141"])
      assert.isBelow((yield* server.requests).length, 200)
    })
  )

  it.live.each(["schema replay", "chat --help", "batch", "swarm status --help"])("ends kimi %s quietly", (words) =>
    Effect.gen(function* () {
      const child = yield* start(words.split(" "))
      child.stdout.destroy()
      const { code, stderr } = yield* ended(child)
      assert.deepStrictEqual([code, stderr], [0, ""])
    })
  )
})
