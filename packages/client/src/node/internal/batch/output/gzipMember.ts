/**
 * Members of a gzip file that state their length in their header, so that one
 * after the other is read without decompressing what is before it. The file is
 * gzip as any other (RFC 1952, 2.3.1.1: the extra field).
 */
import { readSync } from "node:fs"
import { constants, crc32, deflateRawSync, inflateRawSync } from "node:zlib"
import { DamagedMember, memberStart as start } from "./OutputForm.ts"

/** The fixed header with an extra field of 8 bytes: "KE", its length, and the length of the member. */
const headerBytes = 20
const trailerBytes = 8

/** More than a member has with the largest response. */
const maxBytes = 512 * 1024 * 1024

export const encode = (bytes: Uint8Array): Buffer => {
  const body = deflateRawSync(bytes)
  const member = Buffer.allocUnsafe(headerBytes + body.length + trailerBytes)
  start.copy(member)
  member.writeUInt32LE(member.length, start.length)
  body.copy(member, headerBytes)
  member.writeUInt32LE(crc32(bytes), headerBytes + body.length)
  member.writeUInt32LE(bytes.length, headerBytes + body.length + 4)
  return member
}

const readAt = (file: number, length: number, position: number): Buffer => {
  const bytes = Buffer.alloc(length)
  let read = 0
  while (read < length) {
    const count = readSync(file, bytes, read, length - read, position + read)
    if (count === 0) break
    read += count
  }
  return bytes.subarray(0, read)
}

const decode = (member: Buffer): Buffer | undefined => {
  const end = member.length - trailerBytes
  try {
    const bytes = inflateRawSync(member.subarray(headerBytes, end), {
      maxOutputLength: maxBytes,
      finishFlush: constants.Z_FINISH
    })
    return crc32(bytes) === member.readUInt32LE(end) ? bytes : undefined
  } catch {
    return undefined
  }
}

const searchBytes = 1024 * 1024

/** Where the next member after a position starts. */
const nextStart = (file: number, position: number): number | undefined => {
  for (let at = position + 1; ; at += searchBytes) {
    // A start may lie across two reads.
    const bytes = readAt(file, searchBytes + start.length - 1, at)
    const found = bytes.indexOf(start)
    if (found !== -1) return at + found
    if (bytes.length < searchBytes) return undefined
  }
}

const magic = Buffer.from([0x1f, 0x8b, 8])
/** The flag of an extra field, which every member of a job has. */
const extraField = 4

/** Whether a file is gzip that another program has written, such as of an output that was edited and compressed again. */
export const isForeign = (file: number): boolean => {
  const header = readAt(file, magic.length + 1, 0)
  const flags = header[magic.length]
  return (
    header.subarray(0, magic.length).equals(magic) &&
    flags !== undefined &&
    (flags & extraField) === 0 &&
    nextStart(file, -1) === undefined
  )
}

/** What a killed process left is at the end: a member that others follow was damaged later. */
const endAt = (file: number, position: number): number => {
  if (nextStart(file, position) !== undefined) throw new DamagedMember(position)
  return position
}

/** Calls with the contents of every complete member, and returns where they end. */
export const eachMember = (file: number, visit: (bytes: Buffer) => void): number => {
  for (let position = 0; ;) {
    const header = readAt(file, headerBytes, position)
    // A killed process may have left the start of a header.
    if (!header.subarray(0, start.length).equals(start.subarray(0, header.length))) throw new DamagedMember(position)
    if (header.length < headerBytes) return position
    const length = header.readUInt32LE(start.length)
    if (length < headerBytes + trailerBytes || length > maxBytes) throw new DamagedMember(position)
    const member = readAt(file, length, position)
    if (member.length < length) return endAt(file, position)
    const bytes = decode(member)
    if (bytes === undefined) {
      // A full disk or a power cut may leave the last member without its bytes.
      if (readAt(file, 1, position + length).length === 0) return position
      throw new DamagedMember(position)
    }
    visit(bytes)
    position += length
  }
}

/** The contents of the member at a position and its end, if it is whole. */
const wholeAt = (
  file: number,
  position: number,
  size: number
): { readonly bytes: Buffer; readonly end: number } | undefined => {
  const header = readAt(file, headerBytes, position)
  if (header.length < headerBytes || !header.subarray(0, start.length).equals(start)) return undefined
  const length = header.readUInt32LE(start.length)
  const end = position + length
  if (length < headerBytes + trailerBytes || length > maxBytes || end > size) return undefined
  const bytes = decode(readAt(file, length, position))
  return bytes === undefined ? undefined : { bytes, end }
}

/** What is there of the contents of a last member whose end was cut off. */
const beforeCut = (file: number, position: number, size: number): Buffer | undefined => {
  const member = readAt(file, Math.min(size - position, maxSearchedBytes), position)
  if (member.length < headerBytes || !member.subarray(0, start.length).equals(start)) return undefined
  if (position + member.readUInt32LE(start.length) <= size) return undefined
  try {
    return inflateRawSync(member.subarray(headerBytes), {
      maxOutputLength: maxBytes,
      finishFlush: constants.Z_SYNC_FLUSH
    })
  } catch {
    return undefined
  }
}

/** Members have about 256 KiB of lines, unless one line is longer. */
const maxSearchedBytes = 64 * 1024 * 1024

/** The contents of a member whose header is damaged: where it ends is known by the next one. */
const betweenStarts = (file: number, from: number, to: number): Buffer | undefined => {
  const length = to - from
  return length < headerBytes + trailerBytes || length > maxSearchedBytes
    ? undefined
    : decode(readAt(file, length, from))
}

/**
 * Calls with the contents of every member that is whole, also after damaged ones, and with
 * the bytes of those that are not. Of a last one that was cut off, what is there is used too.
 */
export const eachWholeMember = (
  file: number,
  size: number,
  visit: (bytes: Buffer) => void,
  skip: (bytes: number) => void
): void => {
  for (let position = 0; position < size;) {
    const member = wholeAt(file, position, size)
    const end = member?.end ?? nextStart(file, position) ?? size
    const whole = member?.bytes ?? betweenStarts(file, position, end)
    if (whole === undefined) skip(end - position)
    const bytes = whole ?? beforeCut(file, position, size)
    if (bytes !== undefined) visit(bytes)
    position = end
  }
}
