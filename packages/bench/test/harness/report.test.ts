import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it, onTestFinished } from "vitest"
import { writeReport } from "../../src/harness/report.ts"

const makeFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), "kimi-effect-report-"))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return folder
}

const pageIn = (folder: string): string => readFileSync(join(folder, "index.html"), "utf8")

const figures = [{ name: "latency, v2", value: 3, unit: "ms" }]

describe("writeReport", () => {
  it("adds a scenario to the page of earlier ones", () => {
    const folder = makeFolder()
    writeReport(folder, "cache", figures)
    writeReport(folder, "agent", figures)
    assert.deepStrictEqual(pageIn(folder).match(/<section id="\w+"/g), ['<section id="agent"', '<section id="cache"'])
  })

  it("leaves out other JSON of the folder", () => {
    const folder = makeFolder()
    writeFileSync(join(folder, "package.json"), "{}")
    writeReport(folder, "cache", figures)
    assert.deepStrictEqual(pageIn(folder).match(/<section id="\w+"/g), ['<section id="cache"'])
  })
})
