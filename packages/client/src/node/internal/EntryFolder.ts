/**
 * The folder of a file cache: the paths of entries, and walks through all of
 * them. A walk visits every entry, so its time grows with their number; it
 * ignores files that are not entries.
 *
 * @since 0.1.0
 */
import { hash, randomUUID } from "node:crypto"
import type { Stats } from "node:fs"
import { chmod, lstat, readdir } from "node:fs/promises"
import { join } from "node:path"
import { createFolder } from "./createFolder.ts"
import * as EntryFile from "./EntryFile.ts"
import * as FileFailure from "./FileFailure.ts"
import { isOpenToOthers } from "./FileStats.ts"

/** A file of an entry, as listed by its folder. */
export interface EntryInfo {
  readonly path: string
  readonly name: string
  readonly bytes: number
  readonly usedAt: number
  /** A hint: the header of the file decides. */
  readonly expiresAt: number
}

/** Age at which a temporary file is considered abandoned. */
const leftoverAgeMillis = 3_600_000

/** The folder of temporary files. It also marks the whole as ours. */
export const tempFolder = ".kimi-effect-cache"

/** What the system puts into a new volume. */
const systemNames: ReadonlySet<string> = new Set(["lost+found"])

const othersWriteBits = 0o022

const defaultIfMissing = async <A>(missing: A, found: Promise<A>): Promise<A> => {
  try {
    return await found
  } catch (error) {
    if (EntryFile.isMissing(error)) return missing
    throw error
  }
}

const listNames = (folder: string): Promise<ReadonlyArray<string>> => defaultIfMissing([], readdir(folder))

/** The file name of a key, which does not reveal it. */
export const nameOf = (key: string): string => hash("sha256", key, "hex")

/** The path of an entry by its file name. */
export const pathOf = (root: string, name: string): string => join(root, name.slice(0, 2), name)

/** A path for a temporary file. */
export const tempPath = (root: string): string => join(root, tempFolder, randomUUID())

const isFolder = async (path: string): Promise<boolean> =>
  (await defaultIfMissing(undefined, lstat(path)))?.isDirectory() === true

/** Keeps the folder to its owner. The result is whether others can still write to it. */
const restrict = async (root: string, stats: Stats): Promise<boolean> => {
  if (!isOpenToOthers(stats)) return false
  try {
    await chmod(root, 0o700)
    return false
  } catch {
    // The folder of another user, such as a mounted volume.
    return (stats.mode & othersWriteBits) !== 0
  }
}

/**
 * Creates the folder and its parts. A folder with files of others is left as it
 * is, because everything in the folder of a cache is removed at some time. The
 * result is whether other users can write to it.
 */
export const create = async (root: string): Promise<boolean> => {
  await createFolder(root)
  const stats = await lstat(root)
  if (stats.isSymbolicLink()) {
    throw new FileFailure.UnusablePathError("it is a symbolic link, which is not followed; set the path of its target")
  }
  const temp = join(root, tempFolder)
  const names = (await readdir(root)).filter((name) => !systemNames.has(name))
  if (names.length > 0 && !names.includes(tempFolder) && !(await isFolder(temp))) {
    throw new FileFailure.UnusablePathError(
      "it contains files of others, which are left as they are; set the path of an empty folder"
    )
  }
  await createFolder(temp)
  if (!(await isFolder(temp))) throw new FileFailure.UnusablePathError(`its folder ${tempFolder} is a symbolic link`)
  return restrict(root, stats)
}

const statEntry = async (path: string, name: string): Promise<EntryInfo | undefined> => {
  const stats = await defaultIfMissing(undefined, lstat(path))
  if (stats === undefined || !stats.isFile()) return undefined
  return { path, name, bytes: stats.size, usedAt: stats.atimeMs, expiresAt: stats.mtimeMs }
}

/** The entries of all parts of the folder, part by part. */
export async function* walk(root: string): AsyncGenerator<ReadonlyArray<EntryInfo>> {
  for (const entry of await defaultIfMissing([], readdir(root, { withFileTypes: true }))) {
    const part = entry.name
    if (!entry.isDirectory() || !/^[0-9a-f]{2}$/.test(part)) continue
    const folder = join(root, part)
    const names = (await listNames(folder)).filter((name) => /^[0-9a-f]{64}$/.test(name) && name.startsWith(part))
    const files = await Promise.all(names.map((name) => statEntry(join(folder, name), name)))
    yield files.filter((file) => file !== undefined)
  }
}

/** Removes the temporary files of killed processes. */
export const removeLeftovers = async (root: string, now: number): Promise<void> => {
  const folder = join(root, tempFolder)
  for (const name of await listNames(folder)) {
    const path = join(folder, name)
    const stats = await defaultIfMissing(undefined, lstat(path))
    if (stats?.isFile() === true && now - stats.mtimeMs >= leftoverAgeMillis) await EntryFile.remove(path)
  }
}
