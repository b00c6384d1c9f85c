/**
 * The bytes of an input: a file, or a stream that can be read once. Both may be
 * compressed, which their first bytes show.
 */
import { createHash } from "node:crypto"
import { closeSync, createReadStream, openSync, readSync, statSync } from "node:fs"
import { pipeline, Readable } from "node:stream"
import { createGunzip } from "node:zlib"
import type * as Stream from "effect/Stream"
import type { InputRecord } from "../jobRecord.ts"
import * as fileDigest from "./fileDigest.ts"

/**
 * A file by its path, or bytes such as those of standard input.
 *
 * @category models
 * @since 0.1.0
 */
export type Input = string | Stream.Stream<Uint8Array, unknown>

/** How far an input was read. */
export class Reading {
  /** Lines that are not blank, or records of a CSV file. */
  rows = 0
  /** Where the last of them ends, in bytes without compression. */
  position = 0
  isAtEnd = false
}

/** `Time` if only the time of the last change is another one, as that of an equal copy is. */
export type Difference = { readonly _tag: "None" | "Text" } | { readonly _tag: "Time"; readonly writtenAt: bigint }

export interface Source {
  readonly isCompressed: boolean
  /** The bytes without compression. */
  readonly bytes: AsyncIterable<Buffer>
  /** How many bytes without compression the input has, by what was read so far. */
  readonly estimateBytes: () => number | undefined
  /** How the file differs from the one that was opened. Throws if it cannot be read. */
  readonly difference: () => Difference
  /** A digest of the file as it is now; undefined for one that is too large to be read twice. Throws if it cannot be read. */
  readonly digest: () => string | undefined
}

/** What a later run compares its input with. */
export interface RecordedSource extends Source {
  readonly record: InputRecord
}

const headBytes = 64 * 1024
const newline = 10

const digestOf = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex")

const isGzip = (head: Uint8Array): boolean => head[0] === 0x1f && head[1] === 0x8b

/** A pipe has no places to read from, and opening it would stop the process until another one writes to it. */
const refusePipe = (path: string): void => {
  const found = statSync(path)
  if (found.isFIFO() || found.isSocket()) throw Object.assign(new Error("a pipe"), { code: "ESPIPE" })
}

const headOf = (path: string): Buffer => {
  refusePipe(path)
  const file = openSync(path, "r")
  try {
    const head = Buffer.alloc(headBytes)
    return head.subarray(0, readSync(file, head, 0, headBytes, 0))
  } finally {
    closeSync(file)
  }
}

interface Described {
  readonly head: Buffer
  readonly record: InputRecord
  /** Shows a change behind the head that keeps the size. Not recorded: a copy of the file has another. */
  readonly writtenAt: bigint
}

const describeFile = (path: string): Described => {
  const head = headOf(path)
  const { mtimeNs, size } = statSync(path, { bigint: true })
  return { head, record: { size: Number(size), head: digestOf(head) }, writtenAt: mtimeNs }
}

/** Opened when they are read, so that a stream that is never read holds no file. `onEnd` gets how many there were. */
async function* fileBytes(path: string, start: number, onEnd: (count: number) => void): AsyncGenerator<Buffer> {
  let count = 0
  for await (const chunk of createReadStream(path, { start }) as AsyncIterable<Buffer>) {
    count += chunk.length
    yield chunk
  }
  onEnd(count)
}

interface Unzipped {
  readonly bytes: AsyncIterable<Buffer>
  /** The bytes that came in and out so far. */
  readonly counts: () => readonly [compressed: number, plain: number]
}

const unzip = (compressed: Readable): Unzipped => {
  const gunzip = createGunzip()
  let plain = 0
  const read = async function* (): AsyncGenerator<Buffer> {
    // Closes the file too when the lines are not read to their end; errors reach the reader.
    for await (const chunk of pipeline(compressed, gunzip, () => {})) {
      plain += (chunk as Buffer).length
      yield chunk as Buffer
    }
  }
  return { bytes: read(), counts: () => [gunzip.bytesWritten, plain] }
}

/** A file, from a place in it if it is not compressed. */
export const openFile = (path: string, start = 0): RecordedSource => {
  const { head, record, writtenAt } = describeFile(path)
  const size = record.size ?? 0
  // While another program writes an equal copy, the end of a file may be met before it.
  let hasOtherEnd = false
  const difference = (): Difference => {
    const now = describeFile(path)
    if (hasOtherEnd || now.record.size !== record.size || now.record.head !== record.head) return { _tag: "Text" }
    return now.writtenAt === writtenAt ? { _tag: "None" } : { _tag: "Time", writtenAt: now.writtenAt }
  }
  const digest = () => fileDigest.digestOf(path, size)
  // A file with the name of a compressed one that is not compressed fails when it is read.
  if (!isGzip(head) && !path.endsWith(".gz")) {
    const bytes = fileBytes(path, start, (count) => {
      hasOtherEnd = start + count !== size
    })
    return { record, isCompressed: false, bytes, estimateBytes: () => size, difference, digest }
  }
  let unzipped: Unzipped | undefined
  const bytes = async function* (): AsyncGenerator<Buffer> {
    unzipped = unzip(createReadStream(path))
    yield* unzipped.bytes
  }
  const estimateBytes = (): number | undefined => {
    const [compressed, plain] = unzipped?.counts() ?? [0, 0]
    return compressed === 0 ? undefined : (size * plain) / compressed
  }
  return { record, isCompressed: true, bytes: bytes(), estimateBytes, difference, digest }
}

/** The first two lines, which a CSV file has when it has a row, or as many bytes as a digest of a file covers. */
const isHead = (head: Buffer): boolean => {
  const first = head.indexOf(newline)
  return head.length >= headBytes || (first !== -1 && head.indexOf(newline, first + 1) !== -1)
}

const cutHead = (head: Buffer): Buffer => {
  const first = head.indexOf(newline)
  const second = first === -1 ? -1 : head.indexOf(newline, first + 1)
  return head.subarray(0, Math.min(headBytes, second === -1 ? head.length : second))
}

async function* joined(head: Buffer, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Buffer> {
  try {
    if (head.length > 0) yield head
    for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield Buffer.from(next.value)
  } finally {
    await rest.return?.()
  }
}

const readHead = async (
  bytes: AsyncIterator<Uint8Array>,
  isEnough: (head: Buffer) => boolean
): Promise<Buffer<ArrayBufferLike>> => {
  let head: Buffer<ArrayBufferLike> = Buffer.alloc(0)
  while (!isEnough(head)) {
    const next = await bytes.next()
    if (next.done === true) break
    head = Buffer.concat([head, next.value])
  }
  return head
}

/** A stream of which nothing is recorded: its first row is there before it has a second one. */
export const openStream = async (raw: AsyncIterator<Uint8Array>): Promise<Source> => {
  const start = await readHead(raw, ({ length }) => length >= 2)
  const all = joined(start, raw)
  const isCompressed = isGzip(start)
  return {
    isCompressed,
    bytes: isCompressed ? unzip(Readable.from(all, { objectMode: false })).bytes : all,
    estimateBytes: () => undefined,
    difference: () => ({ _tag: "None" }),
    digest: () => undefined
  }
}

/** A stream, of which the first lines are read. */
export const openRecordedStream = async (raw: AsyncIterator<Uint8Array>): Promise<RecordedSource> => {
  const source = await openStream(raw)
  const iterator = source.bytes[Symbol.asyncIterator]()
  const head = await readHead(iterator, isHead)
  return { ...source, record: { size: null, head: digestOf(cutHead(head)) }, bytes: joined(head, iterator) }
}
