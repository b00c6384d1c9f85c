/**
 * An output that is compressed. Each line is first appended to a file next to the
 * output, and many lines together become a member of the output: a row is not
 * lost when the process is killed, and the output is complete gzip at any time.
 */
import { closeSync, existsSync, openSync, rmSync } from "node:fs"
import { Appender } from "./Appender.ts"
import * as gzipMember from "./gzipMember.ts"
import { LineSet } from "./LineSet.ts"
import { type OutputForm, type RowsEnd, visitRows, wholeHead, withoutMark } from "./OutputForm.ts"
import type { LineHead } from "./outputLine.ts"
import * as PlainOutput from "./PlainOutput.ts"

/** Larger members take longer than a call can wait, and smaller ones compress worse. */
export const memberBytes = 256 * 1024
const newline = 10
const lineEnd = Buffer.from("\n")

/** Lines that are not compressed yet. */
export const pendingOf = (path: string): string => `${path}.pending`

export const eachLine = (bytes: Buffer, visit: (line: Buffer) => void): void => {
  let from = 0
  for (let to = bytes.indexOf(newline); to !== -1; to = bytes.indexOf(newline, from)) {
    visit(bytes.subarray(from, to))
    from = to + 1
  }
}

/** Calls with every row, and returns where they end. */
const eachRow = (file: number, path: string, visit: (head: LineHead, bytes: Buffer) => void): number => {
  const visitLine = visitRows(path, visit)
  return gzipMember.eachMember(file, (member) => eachLine(member, visitLine))
}

interface Files {
  readonly members: Appender
  readonly pending: Appender
}

/** The lines of rows that no member has. */
const uncompressed = (pending: Appender, compressed: LineSet): Buffer => {
  const kept: Array<Buffer> = []
  eachLine(pending.contents(), (line) => {
    const head = wholeHead(withoutMark(line))
    if (head !== undefined && !compressed.has(head.line)) kept.push(line, lineEnd)
  })
  return Buffer.concat(kept)
}

/** Opens both files, and cuts nothing of one before the other was read. */
const openFiles = (path: string, visit: (head: LineHead) => void, check: (end: RowsEnd) => void): Files => {
  const compressed = new LineSet()
  const members = PlainOutput.openWhole(path, (file) =>
    eachRow(file, path, (head) => {
      if (compressed.add(head.line)) visit(head)
    })
  )
  const opened = [members.file]
  const hasPending = existsSync(pendingOf(path))
  try {
    let isTwice = false
    const pending = PlainOutput.openLines(pendingOf(path), (head) => {
      if (compressed.has(head.line)) isTwice = true
      else visit(head)
    })
    opened.push(pending.file)
    // Single lines of it are not deleted by hand.
    check({ canLose: false, end: members.end })
    const files = {
      members: new Appender(path, members.file, members.end),
      pending: new Appender(pendingOf(path), pending.file, pending.end)
    }
    // The process was killed after it had compressed the lines and before it had removed them.
    if (isTwice) {
      const others = uncompressed(files.pending, compressed)
      if (others.length > 0) {
        files.members.append(gzipMember.encode(others))
        files.members.syncOpen()
      }
      files.pending.clear()
    }
    return files
  } catch (error) {
    opened.forEach(closeSync)
    if (!hasPending) rmSync(pendingOf(path), { force: true })
    throw error
  }
}

const open: OutputForm["open"] = (path, visit, check) => {
  const { members, pending } = openFiles(path, visit, check)
  const compress = (): void => {
    if (pending.end === 0) return
    // Before the lines are in both: another program may have changed one of the files.
    pending.keepPath()
    members.keepPath()
    const { end } = members
    members.append(gzipMember.encode(pending.contents()))
    try {
      // After a power cut, the lines are in one of the two files.
      members.syncOpen()
      pending.clear()
    } catch (error) {
      // They are compressed again, and must not be there twice.
      members.cut(end)
      throw error
    }
  }
  return {
    append: (line) => {
      pending.append(Buffer.from(line))
      if (pending.end >= memberBytes) compress()
    },
    flush: (onDone) => {
      try {
        members.keepPath()
      } catch (error) {
        return onDone(error as Error)
      }
      pending.flush(onDone)
    },
    sync: () => {
      compress()
      members.sync()
    },
    close: () => {
      try {
        compress()
      } catch {
        // The lines stay where they are, and are compressed by the next run.
      }
      const isEmpty = pending.end === 0
      members.close()
      pending.close()
      if (!isEmpty) return
      try {
        rmSync(pendingOf(path), { force: true })
      } catch {
        // An empty one is taken by the next run.
      }
    }
  }
}

const read: OutputForm["read"] = (path, visit) => {
  const seen = new LineSet()
  // The pending lines first: a running job moves them into the output, and then they are there.
  if (existsSync(pendingOf(path))) {
    PlainOutput.form.read(pendingOf(path), (head, bytes) => {
      if (seen.add(head.line)) visit(head, bytes)
    })
  }
  const file = openSync(path, "r")
  try {
    const end = eachRow(file, path, (head, bytes) => {
      if (seen.add(head.line)) visit(head, bytes)
    })
    return { canLose: false, end }
  } finally {
    closeSync(file)
  }
}

export const form: OutputForm = { open, read }
