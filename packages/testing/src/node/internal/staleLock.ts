/**
 * Locks whose processes have ended, and their removal by one process only.
 *
 * A path cannot be removed only if it still is what was found there, so two
 * processes that find the same stale lock could remove it one after the other,
 * the second one when a third process has already locked again. Therefore a
 * process removes a lock while it holds a second one for this very file, and
 * looks again before it does.
 */
import { readFile, rm, stat, unlink, writeFile } from "node:fs/promises"

/** A lock that was stale when it was found. */
export interface StaleLock {
  readonly path: string
  /** Identifies the file, of which a later one with this path is another. */
  readonly file: number
}

const codeOf = (cause: unknown): unknown =>
  typeof cause === "object" && cause !== null && "code" in cause ? cause.code : undefined

/** Whether a process runs. One of another user does. */
const isRunning = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch (cause) {
    return codeOf(cause) === "EPERM"
  }
}

/** The age at which a lock without the number of a process is stale: its process ended before it wrote the number. */
const namelessAgeMillis = 5_000

/** The lock of a path, if its process has ended. */
export const find = async (path: string): Promise<StaleLock | undefined> => {
  const [{ ino, mtimeMs }, owner] = await Promise.all([stat(path), readFile(path, "utf8")])
  const pid = Number(owner)
  const isStale =
    Number.isSafeInteger(pid) && pid > 0
      ? !isRunning(pid)
      : performance.timeOrigin + performance.now() - mtimeMs > namelessAgeMillis
  return isStale ? { path, file: ino } : undefined
}

/** Removes a lock, if it still is the stale one and no other process is removing it. */
export const remove = async ({ file, path }: StaleLock): Promise<void> => {
  const removal = `${path}.${file}`
  await writeFile(removal, `${process.pid}`, { flag: "wx", mode: 0o600 })
  try {
    const found = await find(path)
    if (found?.file === file) await rm(path, { force: true })
  } finally {
    await unlink(removal)
  }
}

/** Removes the lock of a path, if its process has ended. */
export const removeIfStale = async (path: string): Promise<void> => {
  const found = await find(path)
  if (found !== undefined) await remove(found)
}
