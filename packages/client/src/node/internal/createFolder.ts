/**
 * Creates a folder and its parents, by default accessible for their owner only. Node's own
 * recursive form never returns where a parent exists and refuses with `ENOENT`,
 * as in `/proc`, and reports `ENOENT` on a read-only file system.
 */
import { mkdirSync, statSync } from "node:fs"
import { mkdir, stat } from "node:fs/promises"
import { dirname } from "node:path"
import { codeOf } from "./FileFailure.ts"

const ofOwner = 0o700

export const createFolderSync = (path: string): void => {
  const create = () => {
    try {
      mkdirSync(path, ofOwner)
    } catch (error) {
      if (codeOf(error) !== "EEXIST" || !statSync(path).isDirectory()) throw error
    }
  }
  try {
    create()
  } catch (error) {
    if (codeOf(error) !== "ENOENT" || dirname(path) === path) throw error
    createFolderSync(dirname(path))
    create()
  }
}

export const createFolder = async (path: string, mode = ofOwner): Promise<void> => {
  const create = async () => {
    try {
      await mkdir(path, mode)
    } catch (error) {
      if (codeOf(error) !== "EEXIST" || !(await stat(path)).isDirectory()) throw error
    }
  }
  try {
    await create()
  } catch (error) {
    if (codeOf(error) !== "ENOENT" || dirname(path) === path) throw error
    await createFolder(dirname(path), mode)
    await create()
  }
}
