import { mkdtempSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as jobLock from "../../../../src/node/internal/batch/jobLock.ts"

const inFolder = (use: (folder: string) => void): void => {
  const folder = mkdtempSync(join(tmpdir(), "kimi-effect-lock-"))
  try {
    use(folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

describe("jobLock", () => {
  it("refuses a second holder until the first one has released it", () =>
    inFolder((folder) => {
      const path = join(folder, "job.lock")
      const release = jobLock.acquire(path)
      assert.isDefined(release)
      assert.isUndefined(jobLock.acquire(path))
      assert.isTrue(jobLock.isHeld(path))
      release?.()
      assert.isFalse(jobLock.isHeld(path))
      jobLock.acquire(path)?.()
    }))

  // What a killed process leaves is the lock itself, which the next one takes.
  it("keeps one file, while it is held", () =>
    inFolder((folder) => {
      const release = jobLock.acquire(join(folder, "job.lock"))
      assert.deepStrictEqual(readdirSync(folder), ["job.lock"])
      release?.()
      assert.deepStrictEqual(readdirSync(folder), [])
    }))
})
