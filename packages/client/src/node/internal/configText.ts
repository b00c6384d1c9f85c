/**
 * Reads the text of a configuration file: in UTF-8, or in UTF-16 with a byte
 * order mark, as PowerShell writes it. Everything else is refused, since bytes
 * that are read in the wrong encoding set no option, and every option would be
 * its default.
 */
import { type FileHandle, open } from "node:fs/promises"
import { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import * as Effect from "effect/Effect"
import * as FileFailure from "./FileFailure.ts"

/** Larger files are not configurations. */
const maxBytes = 1_048_576
/** Longest wait for a pipe that has no writer, or for a network file system. */
const timeout = "10 seconds"

/** Marks of encodings by their first bytes; that of UTF-32 begins with that of UTF-16. */
const marks: ReadonlyArray<readonly [bytes: ReadonlyArray<number>, encoding: string | undefined]> = [
  [[0xff, 0xfe, 0x00, 0x00], undefined],
  [[0x00, 0x00, 0xfe, 0xff], undefined],
  [[0xef, 0xbb, 0xbf], "utf-8"],
  [[0xff, 0xfe], "utf-16le"],
  [[0xfe, 0xff], "utf-16be"]
]

/** Control characters other than tab and line ends. */
// oxlint-disable-next-line no-control-regex -- these are the characters that text does not have
const controlCharacter = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/

const encodings = "text in UTF-8, or in UTF-16 with a byte order mark"

/** An issue with the file. It never contains text of the file, which may hold the key. */
export const invalidFile = (path: string, expected: string): ConfigurationError =>
  ConfigurationError.of([{ name: path, expected }])

const lineAt = (text: string, index: number): number => text.slice(0, index).split(/\r\n?|\n/).length

const tryDecode = (bytes: Uint8Array, encoding: string): string | undefined => {
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}

/** The first line with an invalid byte. Invalid bytes are replaced by U+FFFD. */
const firstInvalidLine = (bytes: Uint8Array, encoding: string): number => {
  const text = new TextDecoder(encoding).decode(bytes)
  return lineAt(text, Math.max(0, text.indexOf("\ufffd")))
}

/** The text of some bytes, or what was expected of them. */
export const decode = (
  bytes: Uint8Array
): { readonly text: string; readonly expected?: never } | { readonly expected: string } => {
  const mark = marks.find(([first]) => first.every((byte, i) => bytes[i] === byte))
  const encoding = mark === undefined ? "utf-8" : mark[1]
  if (encoding === undefined) return { expected: `${encodings}; it is in UTF-32` }
  const text = tryDecode(bytes, encoding)
  if (text === undefined) {
    return { expected: `${encodings}; line ${firstInvalidLine(bytes, encoding)} is not ${encoding.toUpperCase()}` }
  }
  const control = text.search(controlCharacter)
  if (control < 0) return { text }
  const kind = text[control] === "\0" ? "NUL bytes, as in UTF-16 without a mark" : "a control character"
  return { expected: `${encodings}; line ${lineAt(text, control)} contains ${kind}` }
}

/** Reads a file of any kind until it is over, or too large. */
const readUpTo = async (file: FileHandle, most: number): Promise<Buffer> => {
  const chunks: Array<Buffer> = []
  let size = 0
  while (size <= most) {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(65_536), 0, 65_536, null)
    if (bytesRead === 0) break
    chunks.push(buffer.subarray(0, bytesRead))
    size += bytesRead
  }
  return Buffer.concat(chunks)
}

/** The text of a file, and who may change it. */
export interface ConfigText {
  readonly text: string
  readonly isWritableByAll: boolean
}

const otherWriteBit = 0o002

const readBytes = async (path: string): Promise<{ readonly bytes: Buffer; readonly isWritableByAll: boolean }> => {
  const file = await open(path, "r")
  try {
    const { mode } = await file.stat()
    const hasModes = process.platform !== "win32"
    return { bytes: await readUpTo(file, maxBytes), isWritableByAll: hasModes && (mode & otherWriteBit) !== 0 }
  } finally {
    await file.close()
  }
}

/** The text of a file. */
export const read = (path: string): Effect.Effect<ConfigText, ConfigurationError> =>
  Effect.tryPromise({
    try: () => readBytes(path),
    catch: (error) => invalidFile(path, `a file that can be read; ${FileFailure.reasonOf(error)}`)
  }).pipe(
    Effect.timeoutOrElse({
      duration: timeout,
      orElse: () => Effect.fail(invalidFile(path, `a file that can be read within ${timeout}`))
    }),
    Effect.flatMap(({ bytes, isWritableByAll }) => {
      if (bytes.length > maxBytes) return Effect.fail(invalidFile(path, `a file of at most ${maxBytes} bytes`))
      const decoded = decode(bytes)
      return decoded.expected === undefined
        ? Effect.succeed({ text: decoded.text, isWritableByAll })
        : Effect.fail(invalidFile(path, decoded.expected))
    })
  )
