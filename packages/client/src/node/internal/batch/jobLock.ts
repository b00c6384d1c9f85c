/**
 * Holds a job for one process. The lock is one of SQLite's on an empty file, so
 * that the system releases it when the process is killed.
 */
import { rmSync } from "node:fs"
import { isSameFile } from "../FileStats.ts"
import { createFile, statFile } from "../SqliteDatabase.ts"

/** Releases the lock. Undefined is returned while another process holds it. */
export const acquire = (path: string): (() => void) | undefined => {
  createFile(path)
  const opened = statFile(path)
  // Removing it when the job ends would remove what another application keeps in it.
  if (opened.size > 0) throw new Error("the file of the lock is another application's")
  const { DatabaseSync } = process.getBuiltinModule("node:sqlite")
  const db = new DatabaseSync(path, { timeout: 0 })
  try {
    db.exec("BEGIN EXCLUSIVE")
    // The process that held the lock has removed the file, and others may have created and locked another.
    if (!isSameFile(opened, statFile(path))) throw new Error("replaced")
  } catch {
    db.close()
    return undefined
  }
  return () => {
    rmSync(path, { force: true })
    db.close()
  }
}
