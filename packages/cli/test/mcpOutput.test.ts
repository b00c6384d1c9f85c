import { assert, describe, it } from "@effect/vitest"
import { afterEach, vi } from "vitest"
import { ServerOutput } from "../src/mcpOutput.ts"

const reasonOf = (text: string, exitCode?: number): string => {
  const output = new ServerOutput()
  for (let at = 0; at < text.length; at += 1000) output.add(new TextEncoder().encode(text.slice(at, at + 1000)))
  output.exitCode = exitCode
  return output.reason
}

afterEach(() => vi.unstubAllEnvs())

describe("the output of an MCP server", () => {
  it("is an exit code alone where nothing was written", () =>
    assert.strictEqual(reasonOf("", 3), "; it has exited with code 3"))

  it("has no lines of a stack trace", () =>
    assert.strictEqual(
      reasonOf("Error: No database\n    at open (a.js:1:2)\n    at b.js:3:4\n\nNode.js v26\n"),
      "; it has written:\n  Error: No database\n  Node.js v26"
    ))

  it("is its last lines", () => {
    const lines = Array.from({ length: 2000 }, (_, index) => `Line ${index}`)
    const expected = lines.slice(-8).map((line) => `  ${line}`)
    assert.strictEqual(reasonOf(lines.join("\n")), `; it has written:\n${expected.join("\n")}`)
  })

  it("has a bounded length", () => assert.isBelow(reasonOf(`${"x".repeat(3000)}\n`.repeat(9)).length, 2000))

  it("has no sequence that a terminal would execute", () =>
    assert.strictEqual(reasonOf("\u001b]0;title\u0007\u001b[31mRed\u001b[0m\r\n"), "; it has written:\n  Red"))

  it.each([
    ["a key", "key sk-0123456789abcdef", "key <redacted>"],
    ["a password of a URL", "at postgres://u:SECRET@host/db", "at postgres://host/db"],
    ["the query of a URL", "GET https://host/a?token=SECRET failed", "GET https://host/a failed"],
    ["a token of the environment", "token of-the-environment", "token <redacted>"]
  ])("has not %s", (_, text, expected) => {
    vi.stubEnv("GITHUB_TOKEN", "of-the-environment")
    assert.strictEqual(reasonOf(text), `; it has written:\n  ${expected}`)
  })

  it("has no part of a key whose start was not kept", () =>
    assert.strictEqual(reasonOf(`sk-${"0123456789".repeat(500)}`), ""))
})
