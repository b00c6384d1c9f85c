/**
 * One entry of the cache as a file: its format, and how it is read, written and
 * removed.
 *
 * The header of a file contains the tags and the expiry of the entry, with a
 * checksum that also covers the file name, so the header of another file is
 * rejected. The times of the file are hints that avoid opening it: `mtime` is
 * the expiry, and `atime` the time of the last use.
 *
 * @since 0.1.0
 */
import type { Stats } from "node:fs"
import { constants, type FileHandle, open, rename, unlink } from "node:fs/promises"
import { dirname } from "node:path"
import * as Checksum from "@kimi-effect/core/internal/Checksum"
import { createFolder } from "./createFolder.ts"
import * as FileFailure from "./FileFailure.ts"
import { isOpenToOthers } from "./FileStats.ts"

/** The contents of a header. */
export interface Header {
  readonly expiresAt: number
  readonly tags: ReadonlyArray<string>
}

/** The result of reading a file. */
export type ReadResult =
  | { readonly _tag: "Entry"; readonly entry: Uint8Array; readonly header: Header }
  | { readonly _tag: "None" }
  | { readonly _tag: "Damaged" }

const magic = 0x4b_6d_66_45
const version = 1
const fixedHeaderBytes = 24 + Checksum.size
const tagBytes = 16
const none: ReadResult = { _tag: "None" }
const damaged: ReadResult = { _tag: "Damaged" }
/** The largest time that is given to a file; the header contains the exact one. */
const maxFileTimeMillis = 4_102_444_800_000

/** Most bytes of a header. */
export const maxHeaderBytes = (maxTags: number): number => fixedHeaderBytes + maxTags * tagBytes

/** Whether a failure means that the file does not exist. */
export const isMissing = (error: unknown): boolean =>
  error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR")

const encoder = new TextEncoder()

const headerChecksum = (head: Buffer, name: string): Checksum.Checksum =>
  Checksum.of(head.subarray(fixedHeaderBytes), Checksum.of(encoder.encode(name), Checksum.of(head.subarray(0, 24))))

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

const encodeHeader = (name: string, length: number, { expiresAt, tags }: Header): Buffer => {
  const head = Buffer.alloc(fixedHeaderBytes + tags.length * tagBytes)
  head.writeUInt32BE(magic, 0)
  head.writeUInt8(version, 4)
  head.writeUInt16BE(tags.length, 6)
  head.writeDoubleBE(expiresAt, 8)
  head.writeDoubleBE(length, 16)
  for (const [i, tag] of tags.entries()) head.write(tag, fixedHeaderBytes + i * tagBytes, "hex")
  Checksum.write(headerChecksum(head, name), viewOf(head), 24)
  return head
}

/** The header at the beginning of some bytes, and its length; `undefined` when there is no valid one. */
const decodeHeader = (name: string, bytes: Buffer): { head: Header; bytes: number; length: number } | undefined => {
  if (bytes.length < fixedHeaderBytes || bytes.readUInt32BE(0) !== magic || bytes.readUInt8(4) !== version)
    return undefined
  const count = bytes.readUInt16BE(6)
  const end = fixedHeaderBytes + count * tagBytes
  if (bytes.length < end) return undefined
  const whole = bytes.subarray(0, end)
  if (!Checksum.matches(headerChecksum(whole, name), viewOf(whole), 24)) return undefined
  const tags = Array.from({ length: count }, (_, i) =>
    whole.toString("hex", fixedHeaderBytes + i * tagBytes, fixedHeaderBytes + (i + 1) * tagBytes)
  )
  return { head: { expiresAt: bytes.readDoubleBE(8), tags }, bytes: end, length: bytes.readDoubleBE(16) }
}

const readUpTo = async (file: FileHandle, size: number): Promise<Buffer> => {
  const bytes = Buffer.allocUnsafeSlow(size)
  let length = 0
  while (length < size) {
    const { bytesRead } = await file.read(bytes, length, size - length, length)
    if (bytesRead === 0) break
    length += bytesRead
  }
  return bytes.subarray(0, length)
}

/** A link would lead out of the folder. */
const readFlags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0)

/** Opens a file so that reading does not change its `atime`, where the system supports that for this user. */
const noAccessTimeFlags = readFlags | (constants.O_NOATIME ?? 0)

/** Keeps a file to its owner. The result is whether it is. */
const restrict = async (file: FileHandle, stats: Stats): Promise<boolean> => {
  if (!isOpenToOthers(stats)) return true
  try {
    await file.chmod(0o600)
    return true
  } catch {
    // Another user owns it, who may have written anything into it.
    return false
  }
}

const withFile = async <A>(
  path: string,
  flags: number,
  use: (file: FileHandle) => Promise<A>
): Promise<A | undefined> => {
  let file: FileHandle
  try {
    file = await open(path, flags)
  } catch (error) {
    if (isMissing(error)) return undefined
    if (flags !== readFlags) return withFile(path, readFlags, use)
    throw error
  }
  try {
    return await use(file)
  } finally {
    await file.close()
  }
}

/** Seconds, as the file system expects them. */
const toFileTime = (millis: number): number => Math.min(millis, maxFileTimeMillis) / 1_000

/** The bounds of a read. */
interface ReadLimits {
  readonly maxBytes: number
  readonly useMillis: number
  readonly now: number
}

const readEntry = async (file: FileHandle, name: string, limits: ReadLimits): Promise<ReadResult> => {
  const stats = await file.stat()
  const { atimeMs, size } = stats
  if (size > limits.maxBytes || !(await restrict(file, stats))) return damaged
  const bytes = await readUpTo(file, size)
  const decoded = decodeHeader(name, bytes)
  if (decoded === undefined || decoded.bytes + decoded.length !== bytes.length) return damaged
  const { head } = decoded
  if (head.expiresAt <= limits.now) return none
  // A time of use in the future was recorded before the clock was set back.
  if (Math.abs(limits.now - atimeMs) >= limits.useMillis)
    await file.utimes(toFileTime(limits.now), toFileTime(head.expiresAt))
  return { _tag: "Entry", entry: bytes.subarray(decoded.bytes), header: head }
}

/**
 * Reads the entry of a file of at most `maxBytes`, and updates its time of use
 * when that is older than `useMillis`.
 */
export const read = async (path: string, name: string, limits: ReadLimits): Promise<ReadResult> => {
  try {
    return (await withFile(path, readFlags, (file) => readEntry(file, name, limits))) ?? none
  } catch (error) {
    if (FileFailure.codeOf(error) === "ELOOP") return damaged
    throw error
  }
}

/** Reads the header of a file only; `undefined` when there is no valid one. */
export const readHeader = (path: string, name: string, maxTags: number): Promise<Header | undefined> =>
  withFile(
    path,
    noAccessTimeFlags,
    async (file) => decodeHeader(name, await readUpTo(file, maxHeaderBytes(maxTags)))?.head
  )

/** Removes a file if it exists. */
export const remove = async (path: string): Promise<void> => {
  try {
    await unlink(path)
  } catch (error) {
    if (!isMissing(error)) throw error
  }
}

const moveIntoPlace = async (from: string, to: string): Promise<void> => {
  try {
    await rename(from, to)
  } catch (error) {
    if (!isMissing(error)) throw error
    await createFolder(dirname(to))
    await rename(from, to)
  }
}

/**
 * Writes an entry to a temporary file and renames it. After an abort nothing is
 * renamed. The result is the size of the file in bytes.
 */
export const write = async (
  path: string,
  name: string,
  entry: Uint8Array,
  head: Header,
  aside: { readonly path: string; readonly now: number; readonly signal: AbortSignal }
): Promise<number> => {
  const bytes = encodeHeader(name, entry.length, head)
  aside.signal.throwIfAborted()
  const file = await open(aside.path, "wx", 0o600)
  try {
    try {
      await file.writeFile(bytes)
      await file.writeFile(entry, { signal: aside.signal })
      await file.utimes(toFileTime(aside.now), toFileTime(head.expiresAt))
    } finally {
      await file.close()
    }
    aside.signal.throwIfAborted()
    await moveIntoPlace(aside.path, path)
  } catch (error) {
    await remove(aside.path)
    throw error
  }
  return bytes.length + entry.length
}
