import { spawnSync } from "node:child_process"
import { assert, describe, it } from "@effect/vitest"

/** The modules that match a pattern of those that a program loads which only imports the entry point. */
const loaded = (pattern: RegExp): ReadonlyArray<string> => {
  const entry = new URL("../../src/node/index.ts", import.meta.url).href
  const program = `
    import { registerHooks } from "node:module"
    const seen = []
    registerHooks({ resolve: (name, context, next) => (seen.push(name), next(name, context)) })
    await import("${entry}")
    console.log(JSON.stringify(seen.filter((name) => ${pattern}.test(name))))`
  const { stdout } = spawnSync(process.execPath, ["--input-type=module", "--eval", program], { encoding: "utf8" })
  return JSON.parse(stdout)
}

describe("the entry point for Node", () => {
  it("loads SQLite only when a database is opened", () => {
    assert.deepStrictEqual(loaded(/^node:sqlite$/), [])
  })

  it("loads no driver of Redis", () => {
    assert.deepStrictEqual(loaded(/^(?:redis|@redis\/.*|@effect\/platform-node.*)$/), [])
  })

  it("loads Effect's HTTP client", () => {
    assert.isNotEmpty(loaded(/^effect\/http\/HttpClient$/))
  })
})
