/** What an old version of Node prints. */
import { spawnSync } from "node:child_process"
import { readFileSync, writeFileSync } from "node:fs"
import { stripTypeScriptTypes } from "node:module"
import { delimiter, join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { oldest, problemOf } from "../src/nodeVersion.ts"
import { temporaryFolder } from "./temporaryFolder.ts"

const source = (name: string): string => readFileSync(new URL(`../src/${name}.ts`, import.meta.url), "utf8")

/** An installed Node that is too old for the command. Without one, the test of the entry is skipped, visibly. */
const oldNode = (process.env["PATH"] ?? "")
  .split(delimiter)
  .map((folder) => join(folder, "node"))
  .find((path) => {
    const { status, stdout } = spawnSync(path, ["-p", "process.versions.node"], { encoding: "utf8" })
    return status === 0 && problemOf(stdout.trim()) !== undefined
  })
if (oldNode === undefined) process.stderr.write("No old version of Node is installed: the entry is not run by one\n")

/** Runs a program that the entry would load, on this Node under another version. */
const asVersion = (version: string, entry: string, args: ReadonlyArray<string> = ["--version"]) =>
  spawnSync(
    process.execPath,
    [
      "--import",
      `data:text/javascript,Object.defineProperty(process, "versions", { value: { ...process.versions, node: "${version}" } })`,
      entry,
      ...args
    ],
    { encoding: "utf8", env: { NODE_DISABLE_COMPILE_CACHE: "1" } }
  )

describe("the oldest version of Node", () => {
  it("is the one in the manifest of the package", () => {
    const { engines } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"))
    assert.strictEqual(engines.node, `>=${oldest}`)
  })

  it.each(["22.19.0", "22.20.1", "24.0.0", "100.0.0"])("accepts %s", (version) => {
    assert.isUndefined(problemOf(version))
  })

  it.each(["20.20.2", "22.18.0", "22.9.9", "4.0.0"])("refuses %s", (version) => {
    assert.strictEqual(problemOf(version), `kimi needs Node ${oldest} or newer; this is Node ${version}`)
  })
})

describe("the entry", () => {
  it("ends with a line in place of the command", () => {
    const { status, stderr, stdout } = asVersion("20.20.2", new URL("../src/bin.ts", import.meta.url).pathname)
    assert.deepStrictEqual([status, stdout, stderr], [1, "", `${problemOf("20.20.2")}\n`])
  })

  it.each([
    { given: ["models", "--json"], isJson: true },
    { given: ["models", "--json=yes"], isJson: true },
    { given: ["models", "--json=no"], isJson: false },
    { given: ["chat", "--", "--json"], isJson: false }
  ])("ends as every other error does for $given", ({ given, isJson }) => {
    const { status, stderr } = asVersion("20.20.2", new URL("../src/bin.ts", import.meta.url).pathname, given)
    assert.strictEqual(status, 1)
    const message = problemOf("20.20.2")
    if (!isJson) return assert.strictEqual(stderr, `${message}\n`)
    const { error } = JSON.parse(stderr)
    assert.deepInclude(error, { tag: "CommandError", category: "other", message, exitCode: 1 })
    assert.include(error.hint, `Node ${oldest}`)
  })

  it.live.skipIf(oldNode === undefined)("can be read by an old version", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      writeFileSync(join(folder, "package.json"), '{ "type": "module" }')
      for (const name of ["bin", "jsonArgument", "nodeVersion"]) {
        writeFileSync(join(folder, `${name}.js`), stripTypeScriptTypes(source(name)).replaceAll('.ts"', '.js"'))
      }
      const { status, stderr } = spawnSync(oldNode ?? "", [join(folder, "bin.js")], { encoding: "utf8" })
      assert.strictEqual(status, 1)
      assert.match(stderr, /^kimi needs Node \S+ or newer; this is Node \S+\n$/)
    })
  )
})
