import fs, {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync
} from "node:fs"
import { syncBuiltinESMExports } from "node:module"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { afterEach, vi } from "vitest"
import * as jobLock from "../../../../src/node/internal/batch/jobLock.ts"

/** The next times that a file is described, another process has just removed it. */
const removeBeforeStat = (times: number): void => {
  const stat = fs.lstatSync
  let left = times
  vi.spyOn(fs, "lstatSync").mockImplementation(((path: string, options: undefined) => {
    if (path.endsWith(".lock") && left-- > 0) unlinkSync(path)
    return stat(path, options)
  }) as never)
  syncBuiltinESMExports()
}

const inFolder = (use: (folder: string) => void): void => {
  const folder = mkdtempSync(join(tmpdir(), "kimi-effect-lock-"))
  try {
    use(folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const failureOf = (run: () => unknown): Error & { readonly code?: string; readonly path?: string } => {
  try {
    run()
  } catch (error) {
    if (error instanceof Error) return error
  }
  return assert.fail("It has not failed.")
}

afterEach(() => {
  vi.restoreAllMocks()
  syncBuiltinESMExports()
})

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

  describe("while another process releases it", () => {
    /** Runs when SQLite is about to open the file. */
    const beforeOpen = (run: () => void): void => {
      const load = process.getBuiltinModule.bind(process)
      const spy = vi.spyOn(process, "getBuiltinModule").mockImplementation(((name: string) => {
        spy.mockRestore()
        run()
        return load(name)
      }) as never)
    }

    it("is not held", () =>
      inFolder((folder) => {
        const path = join(folder, "job.lock")
        writeFileSync(path, "")
        beforeOpen(() => rmSync(path))
        assert.isFalse(jobLock.isHeld(path))
      }))

    it("is acquired before its file is opened", () =>
      inFolder((folder) => {
        const path = join(folder, "job.lock")
        // The old file is kept, so that the new one is another.
        beforeOpen(() => renameSync(path, `${path}.old`))
        const release = jobLock.acquire(path)
        assert.isDefined(release)
        assert.isTrue(jobLock.isHeld(path))
        release?.()
        assert.deepStrictEqual(readdirSync(folder), ["job.lock.old"])
      }))

    it("is acquired before its file is described", () =>
      inFolder((folder) => {
        const path = join(folder, "job.lock")
        removeBeforeStat(2)
        const release = jobLock.acquire(path)
        assert.isDefined(release)
        release?.()
      }))

    it("counts as held when that does not end", () =>
      inFolder((folder) => {
        removeBeforeStat(Number.POSITIVE_INFINITY)
        assert.isUndefined(jobLock.acquire(join(folder, "job.lock")))
      }))
  })

  describe.each([
    { name: "a folder", make: (path: string) => void mkdirSync(path), reason: /it is a folder and not a file/ },
    { name: "a link", make: (path: string) => symlinkSync("other", path), reason: /it is a symbolic link/ }
  ])("of a path that is $name", ({ make, reason }) => {
    it.each([
      ["acquire", jobLock.acquire],
      ["isHeld", jobLock.isHeld]
    ] as const)("fails in %s with the path", (_, use) =>
      inFolder((folder) => {
        const path = join(folder, "job.lock")
        make(path)
        const error = failureOf(() => use(path))
        assert.match(error.message, reason)
        assert.deepInclude(error, { path })
      })
    )
  })

  it("fails with the path of a file that has the data of another application", () =>
    inFolder((folder) => {
      const path = join(folder, "job.lock")
      writeFileSync(path, "theirs")
      const error = failureOf(() => jobLock.acquire(path))
      assert.match(error.message, /data of another application/)
      assert.deepInclude(error, { path })
    }))

  it("fails for a file without permission in place of counting it as held", () =>
    inFolder((folder) => {
      const path = join(folder, "job.lock")
      vi.spyOn(fs, "accessSync").mockImplementation(() => {
        throw Object.assign(new Error("denied"), { code: "EACCES", path })
      })
      syncBuiltinESMExports()
      assert.deepInclude(
        failureOf(() => jobLock.acquire(path)),
        { code: "EACCES", path }
      )
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
