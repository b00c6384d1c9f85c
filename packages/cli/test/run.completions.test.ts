import { spawnSync } from "node:child_process"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { runKimi } from "./runKimi.ts"
import { temporaryFolder } from "./temporaryFolder.ts"

/** Shells that few machines have are no reason to skip a test, which fails in the continuous integration. */
const isInstalled = (shell: string): boolean => {
  const found = spawnSync(shell, ["-c", "true"]).status === 0
  if (!found) process.stderr.write(`${shell} is not installed: its completions are not tested\n`)
  return found
}

const scriptOf = (shell: string) =>
  Effect.gen(function* () {
    const path = join(yield* temporaryFolder, "completions")
    const { code, stdout } = yield* runKimi(["--completions", shell])
    assert.strictEqual(code, 0)
    writeFileSync(path, stdout)
    return path
  })

/** What bash suggests for the last word, by the function that the script registers. */
const inBash = (words: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const program = `source "$1"; shift
      [[ "$(complete -p kimi)" == *"-F _kimi kimi" ]] || exit 3
      COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="$*"; COMP_POINT=\${#COMP_LINE}
      _kimi kimi "\${COMP_WORDS[COMP_CWORD]}" "\${COMP_WORDS[COMP_CWORD - 1]}"; printf '%s\\n' "\${COMPREPLY[@]}"`
    const { status, stderr, stdout } = spawnSync(
      "bash",
      ["--norc", "-c", program, "bash", yield* scriptOf("bash"), ...words],
      { encoding: "utf8" }
    )
    assert.strictEqual(status, 0, stderr)
    return stdout
      .split("\n")
      .filter((word) => word !== "")
      .map((word) => word.trim())
  }).pipe(Effect.scoped)

describe("the completions of bash", () => {
  it.live("complete a command", () =>
    Effect.map(inBash(["kimi", "mod"]), (found) => assert.deepStrictEqual(found, ["models"]))
  )

  it.live("complete a command of a command", () =>
    Effect.map(inBash(["kimi", "batch", "ca"]), (found) => assert.deepStrictEqual(found, ["cancel"]))
  )

  it.live("complete a flag", () =>
    Effect.map(inBash(["kimi", "models", "--liv"]), (found) => assert.deepStrictEqual(found, ["--live"]))
  )

  it.live.each([
    "batch run",
    "batch run questions.jsonl",
    "batch status",
    "batch failed",
    "batch shared nightly --write",
    "chat --history",
    "config --dotenv",
    "cost",
    "files upload",
    "replay",
    "serve-mock --cassette",
    "simulate --traffic",
    "swarm Hi --journal"
  ])("complete a file of kimi %s", (words) =>
    Effect.gen(function* () {
      const path = join(yield* temporaryFolder, "answers.jsonl")
      writeFileSync(path, "")
      const typed = path.replace(/wers.jsonl$/, "")
      assert.deepStrictEqual(yield* inBash(["kimi", ...words.split(" "), typed]), [path])
    })
  )

  it.live.each([
    ["chat --provider", ["moonshot", "moonshot-cn", "together", "openrouter", "ollama", "custom"]],
    ["models --tier", ["0", "1", "2", "3", "4", "5"]],
    ["batch run a b --log-level", ["all", "fatal", "error", "warn", "info", "debug", "trace", "none"]],
    ["chat --effort", ["none", "minimal", "low", "medium", "high", "xhigh", "max"]],
    ["files list --purpose", ["file-extract", "image", "video", "batch"]],
    ["batch run a b --mode", ["local", "host", "auto"]]
  ] as const)("suggest the words of kimi %s", ([words, expected]) =>
    Effect.map(inBash(["kimi", ...words.split(" "), ""]), (found) => assert.sameMembers(found, [...expected]))
  )

  it.live.each([
    ["batch run a b --rerun TotalT", ["TotalTimeoutError"]],
    ["batch run a b --rerun RateLimitError --rerun TotalT", ["TotalTimeoutError"]],
    ["batch failed a --tag TotalT", ["TotalTimeoutError"]],
    ["schema doc", ["doctor"]],
    ["schema batch\\ for", ["batch\\ forget"]]
  ] as const)("suggest what begins as the last word of kimi %s", ([words, expected]) =>
    Effect.map(inBash(["kimi", ...words.split(/(?<!\\) /)]), (found) => assert.deepStrictEqual(found, [...expected]))
  )

  it.live("suggest a word that was begun", () =>
    Effect.map(inBash(["kimi", "models", "--log-level", "f"]), (found) => assert.deepStrictEqual(found, ["fatal"]))
  )

  it.live("suggest nothing for a word that begins nothing", () =>
    Effect.map(inBash(["kimi", "xyz"]), (found) => assert.deepStrictEqual(found, []))
  )
})

for (const shell of ["zsh", "fish"].filter(isInstalled)) {
  describe(`the completions of ${shell}`, () => {
    it.live("are a script that the shell can read", () =>
      Effect.gen(function* () {
        const { status, stderr } = spawnSync(shell, ["-n", yield* scriptOf(shell)], { encoding: "utf8" })
        assert.strictEqual(status, 0, stderr)
      }).pipe(Effect.scoped)
    )
  })
}
