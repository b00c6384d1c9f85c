/**
 * The folder of a file cache: where the entries are, and walks through all of
 * them. A walk looks at every entry, so it costs time with their number; it
 * touches nothing that is not an entry.
 *
 * @since 0.1.0
 */
import { hash, randomUUID } from "node:crypto"
import { mkdir, readdir, stat } from "node:fs/promises"
import { join } from "node:path"
import * as EntryFile from "./EntryFile.ts"

/** A file of an entry, as its folder shows it. */
export interface EntryInfo {
  readonly path: string
  readonly name: string
  readonly bytes: number
  readonly usedAt: number
  /** A hint: the head of the file knows. */
  readonly expiresAt: number
}

/** How long a file may be written before it counts as left over. */
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

/** The file name of a key, which tells nothing of it. */
export const nameOf = (key: string): string => hash("sha256", key, "hex")

/** Where the entry of a name is. */
export const pathOf = (root: string, name: string): string => join(root, name.slice(0, 2), name)

/** A path at which an entry can be written before it is moved to its place. */
export const tempPath = (root: string): string => join(root, tempFolder, randomUUID())

/** Creates what must be there. */
export const create = async (root: string): Promise<void> => {
  await mkdir(join(root, tempFolder), { recursive: true, mode: 0o700 })
}

const statEntry = async (path: string, name: string): Promise<EntryInfo | undefined> => {
  const stats = await defaultIfMissing(undefined, stat(path))
  if (stats === undefined || !stats.isFile()) return undefined
  return { path, name, bytes: stats.size, usedAt: stats.atimeMs, expiresAt: stats.mtimeMs }
}

/** The entries of one part of the folder after the other. */
export async function* walk(root: string): AsyncGenerator<ReadonlyArray<EntryInfo>> {
  for (const part of await listNames(root)) {
    if (!/^[0-9a-f]{2}$/.test(part)) continue
    const folder = join(root, part)
    const names = (await listNames(folder)).filter((name) => /^[0-9a-f]{64}$/.test(name) && name.startsWith(part))
    const files = await Promise.all(names.map((name) => statEntry(join(folder, name), name)))
    yield files.filter((file) => file !== undefined)
  }
}

/** Removes what processes that died have left half written. */
export const removeLeftovers = async (root: string, now: number): Promise<void> => {
  const folder = join(root, tempFolder)
  for (const name of await listNames(folder)) {
    const path = join(folder, name)
    const stats = await defaultIfMissing(undefined, stat(path))
    if (stats?.isFile() === true && now - stats.mtimeMs >= leftoverAgeMillis) await EntryFile.remove(path)
  }
}
