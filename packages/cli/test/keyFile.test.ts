import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { decoded } from "./mockedHost.ts"
import { runKimi } from "./runKimi.ts"
import { temporaryFolder } from "./temporaryFolder.ts"

const secret = "sk-0123456789abcdef"

const cases = {
  "is empty": ["", "it is empty"],
  "has two lines": [`${secret}\n${secret}\n`, "it has 2 lines"],
  "has a space": [`${secret} ${secret}`, "it has other characters"],
  "is one of variables": [`KIMI_API_KEY=${secret}\n`, "lines of NAME=value are for --dotenv"]
} as const

const names = Object.keys(cases) as ReadonlyArray<keyof typeof cases>

const keyFile = (text: string) =>
  Effect.map(temporaryFolder, (folder) => {
    const path = join(folder, "kimi (1).key")
    writeFileSync(path, text, { mode: 0o600 })
    return path
  })

const expected = (fault: string) =>
  `a file that holds nothing but an API key of visible ASCII characters without spaces; ${fault}`

describe("a file of --api-key-file that cannot be used", () => {
  it.live.each(names)("is named with what is wrong where it %s", (name) =>
    Effect.gen(function* () {
      const [text, fault] = cases[name]
      const path = yield* keyFile(text)
      const { code, stderr } = yield* runKimi(["chat", "Hi", "--api-key-file", path])
      assert.strictEqual(code, 10)
      assert.include(stderr, `--api-key-file ${path}: expected ${expected(fault)}`)
      assert.notInclude(stderr, secret)
    }).pipe(Effect.scoped)
  )

  it.live("is a row of kimi config", () =>
    Effect.gen(function* () {
      const path = yield* keyFile("")
      const { stdout } = yield* runKimi(["config", "--json", "--api-key-file", path])
      assert.deepStrictEqual(decoded("config", stdout).options, [
        { name: "apiKey", value: null, origin: `file ${path}`, expected: expected("it is empty") }
      ])
    }).pipe(Effect.scoped)
  )
})
