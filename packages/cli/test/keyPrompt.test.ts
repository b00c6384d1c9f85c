import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { key } from "./process.ts"
import { temporaryFolder } from "./temporaryFolder.ts"
import { hasTmux, inTerminal, press, shows } from "./tmux.ts"

describe.skipIf(!hasTmux)("the question for the key", () => {
  it.live.each([
    { name: "a file that exists", file: "taken", reason: "it exists already" },
    { name: "a path through a file", file: "taken/kimi", reason: "a part of the path is a file and not a folder" },
    { name: "a folder in which nothing can be created", file: "/proc/kimi", reason: "it does not exist" },
    { name: "a new folder below such a one", file: "/proc/kimi/key", reason: "it does not exist" }
  ])("reports why the key is not kept in $name", ({ file, reason }) =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      writeFileSync(join(folder, "taken"), "")
      yield* inTerminal("balance", { HOME: folder })
      yield* shows("API key (not shown)")
      yield* press(key, "Enter")
      yield* shows("File to keep it in")
      yield* press(file.startsWith("/") ? file : `~/${file}`, "Enter")
      // A long line is on several rows.
      const screen = (yield* shows("code 1")).replaceAll(/\s/g, "")
      assert.include(screen, `${file} cannot be written: ${reason}`.replaceAll(" ", ""))
    })
  )

  it.live("quotes the name of the file in the flag that it shows", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      // Nothing listens at this port.
      yield* inTerminal("balance", { HOME: folder, KIMI_BASE_URL: "http://127.0.0.1:9", KIMI_MAX_ATTEMPTS: "1" })
      yield* shows("API key (not shown)")
      yield* press(key, "Enter")
      yield* shows("File to keep it in")
      yield* press("~/my key", "Enter")
      // A long line is on several rows.
      const screen = (yield* shows(/code \d/)).replaceAll(/\s/g, "")
      assert.include(screen, `--api-key-file'${join(folder, "mykey")}'fromnowon`)
    })
  )

  it.live.each([
    { name: "several words", text: "two words" },
    { name: "letters beyond ASCII", text: "schlüssel" }
  ])("asks again for a key of $name", ({ text }) =>
    Effect.gen(function* () {
      yield* inTerminal("balance", { HOME: yield* temporaryFolder })
      yield* shows("API key (not shown)")
      yield* press(text, "Enter")
      yield* shows(/Paste an API key of visible ASCII characters without spaces[^]*API key \(not shown\)/)
      yield* press("C-c")
      yield* shows("code 130")
    })
  )
})
