/**
 * The folder of a file cache: the paths of entries, and walks through all of
 * them. A walk visits every entry, so its time grows with their number; it
 * ignores files that are not entries.
 *
 * @since 0.1.0
 */
import { hash, randomUUID } from "node:crypto"
import { mkdir, readdir, stat } from "node:fs/promises"
import { join } from "node:path"
import * as EntryFile from "./EntryFile.ts"

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

const tempFolder = "writing"

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

/** Creates the folder and its parts. */
export const create = async (root: string): Promise<void> => {
  await mkdir(join(root, tempFolder), { recursive: true, mode: 0o700 })
}

const statEntry = async (path: string, name: string): Promise<EntryInfo | undefined> => {
  const stats = await defaultIfMissing(undefined, stat(path))
  if (stats === undefined || !stats.isFile()) return undefined
  return { path, name, bytes: stats.size, usedAt: stats.atimeMs, expiresAt: stats.mtimeMs }
}

/** The entries of all parts of the folder, part by part. */
export async function* walk(root: string): AsyncGenerator<ReadonlyArray<EntryInfo>> {
  for (const part of await listNames(root)) {
    if (!/^[0-9a-f]{2}$/.test(part)) continue
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
    const stats = await defaultIfMissing(undefined, stat(path))
    if (stats?.isFile() === true && now - stats.mtimeMs >= leftoverAgeMillis) await EntryFile.remove(path)
  }
}
