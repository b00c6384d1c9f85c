import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as MockServer from "@kimi-effect/testing/node/MockServer"
import * as Effect from "effect/Effect"
import { runKimi } from "../runKimi.ts"
import { temporaryFolder } from "../temporaryFolder.ts"

const png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="

const messages = [
  { role: "system", content: "Shout." },
  { role: "user", content: "First" },
  { role: "assistant", content: "YES." }
]

/** How a chat is continued that is interrupted in a turn, with `F` in place of the history. */
const noteOf = (words: string, isContinued: boolean) =>
  Effect.gen(function* () {
    const server = yield* MockServer.make({ latency: "1 hour" })
    const folder = yield* temporaryFolder
    const [history, image] = [join(folder, "talk.json"), join(folder, "a.png")]
    writeFileSync(image, Buffer.from(png, "base64"))
    if (isContinued) writeFileSync(history, JSON.stringify({ version: 1, messages }))
    const args = words === "" ? [] : words.split(" ").map((word) => (word === "IMAGE" ? image : word))
    const { code, stderr } = yield* runKimi(["chat", "Second", "--history", history, ...args], {
      env: { KIMI_BASE_URL: server.url, KIMI_API_KEY: "sk-test" },
      interrupt: server.awaitRequests(1)
    })
    assert.strictEqual(code, 130, stderr)
    return stderr.replace(history, "F").replace(/^[^]*Interrupted\. /, "")
  })

const plain = "Continue with: kimi chat --history F\n"
const withFlags = "Continue, with the same other flags, with: kimi chat --history F\n"

describe("a chat that is interrupted", () => {
  it.live.each([
    ["", plain],
    ["--system Shout.", withFlags],
    ["--image IMAGE", withFlags],
    ["--max-tokens 100", withFlags],
    ["--effort low", withFlags],
    ["--stream", withFlags],
    ["--json", withFlags],
    ["--tier 1", withFlags]
  ] as const)("in its first turn with the flags '%s' states how it continues", ([words, expected]) =>
    Effect.map(noteOf(words, false), (note) => assert.strictEqual(note, expected))
  )

  it.live("needs the instructions no more that its history has", () =>
    Effect.map(noteOf("--system Shout.", true), (note) => assert.strictEqual(note, plain))
  )

  it.live("needs the image again of a turn that its history does not have", () =>
    Effect.map(noteOf("--image IMAGE", true), (note) => assert.strictEqual(note, withFlags))
  )
})
