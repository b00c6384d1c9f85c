/** A flag without a text is mostly a variable of a script that is not set. No command takes it for a value. */
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { commandNames } from "./commandNames.ts"
import { runKimi } from "./runKimi.ts"
import { temporaryFolder } from "./temporaryFolder.ts"

/** The flags of the help with a value, without those of options of the client, which the configuration refuses. */
const flagsIn = (help: string): ReadonlyArray<string> =>
  [...help.matchAll(/^ {2}--([\w-]+) (\S[^\n]*?) {2}/gm)].flatMap(([, name = "", metavar]) =>
    metavar === "value" || name === "completions" ? [] : [name]
  )

describe("a flag without a text", () => {
  it.live.each(commandNames)("is wrong usage of kimi %s", (name) =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      writeFileSync(join(folder, "in.jsonl"), '{ "text": "Hi" }\n')
      const { stdout: help } = yield* runKimi([...name.split(" "), "--help"])
      const [, usage = ""] = /USAGE\n([^\n]*)/.exec(help) ?? []
      const given = [...usage.matchAll(/<[^>]*>/g)].map((_, index) => join(folder, index === 0 ? "in.jsonl" : "out"))
      const needed = help.includes("--journal") ? ["journal"] : []
      for (const flag of flagsIn(help)) {
        const others = needed.filter((other) => other !== flag).map((other) => `--${other}=${join(folder, "a.db")}`)
        const args = [...name.split(" "), ...given, ...others, `--${flag}`, ""]
        const { code, stderr } = yield* runKimi(args, { stdin: "" })
        assert.strictEqual(code, 2, `--${flag}: ${stderr}`)
        assert.include(stderr, `--${flag}`)
      }
    })
  )
})
