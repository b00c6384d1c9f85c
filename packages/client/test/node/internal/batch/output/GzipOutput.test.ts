import fs, { readFileSync, renameSync, writeFileSync } from "node:fs"
import { syncBuiltinESMExports } from "node:module"
import { gunzipSync } from "node:zlib"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as gzipMember from "../../../../../src/node/internal/batch/output/gzipMember.ts"
import { form, pendingOf } from "../../../../../src/node/internal/batch/output/GzipOutput.ts"
import { inFolder } from "../../../support/batch/answered.ts"

/** The names of files that are brought to the disk, or emptied, while a function runs. */
const operationsOf = (run: () => void): ReadonlyArray<string> => {
  const { fsyncSync, ftruncateSync, openSync } = fs
  const names = new Map<number, string>()
  const operations: Array<string> = []
  Object.assign(fs, {
    openSync: (...args: Parameters<typeof openSync>) => {
      const file = openSync(...args)
      names.set(file, String(args[0]).split("/").at(-1) ?? "")
      return file
    },
    fsyncSync: (file: number) => {
      operations.push(`sync ${names.get(file)}`)
      fsyncSync(file)
    },
    ftruncateSync: (file: number, length?: number) => {
      if (fs.fstatSync(file).size > 0) operations.push(`cut ${names.get(file)}`)
      ftruncateSync(file, length)
    }
  })
  syncBuiltinESMExports()
  try {
    run()
  } finally {
    Object.assign(fs, { fsyncSync, ftruncateSync, openSync })
    syncBuiltinESMExports()
  }
  return operations
}

const row = (line: number, letters: number) =>
  `{"id":"${line}","line":${line},"error_tag":null,"cost":null,"text":"${"a".repeat(letters)}"}\n`

/** The lines of an output whose disk fails once while its lines are compressed. */
const linesAfter = (output: string, failing: "fsyncSync" | "ftruncateSync"): ReadonlyArray<number> => {
  const before = fs[failing]
  const open = () =>
    form.open(
      output,
      () => {},
      () => {}
    )
  const file = open()
  Object.assign(fs, {
    [failing]: () => {
      Object.assign(fs, { [failing]: before })
      syncBuiltinESMExports()
      throw new Error("EIO")
    }
  })
  syncBuiltinESMExports()
  assert.throws(() => file.append(row(1, 300_000)), "EIO")
  file.append(row(2, 1))
  file.close()
  open().close()
  return gunzipSync(fs.readFileSync(output))
    .toString()
    .split("\n")
    .slice(0, -1)
    .map((line) => (JSON.parse(line) as { readonly line: number }).line)
}

describe("a compressed output", () => {
  for (const failing of ["fsyncSync", "ftruncateSync"] as const) {
    it.live(`has each row once after ${failing} has failed`, () =>
      inFolder((path) => Effect.sync(() => assert.deepStrictEqual(linesAfter(path("out.jsonl.gz"), failing), [1, 2])))
    )
  }

  it.live("leaves no file of lines when it is refused", () =>
    inFolder((path) =>
      Effect.sync(() => {
        const output = path("out.jsonl.gz")
        const refuse = () => {
          throw new Error("refused")
        }
        assert.throws(() => form.open(output, () => {}, refuse), "refused")
        assert.isFalse(fs.existsSync(pendingOf(output)))
      })
    )
  )

  // After a power cut, they are in one of the two files.
  it.live("has its lines on the disk before it removes them from the file of those that are not compressed", () =>
    inFolder((path) =>
      Effect.sync(() => {
        const output = path("out.jsonl.gz")
        const operations = operationsOf(() => {
          const file = form.open(
            output,
            () => {},
            () => {}
          )
          file.append(row(1, 300_000))
          file.append(row(2, 1))
          file.close()
        })
        const compressed = ["sync out.jsonl.gz", "cut out.jsonl.gz.pending"]
        assert.deepStrictEqual(operations, [
          "sync out.jsonl.gz",
          "sync out.jsonl.gz.pending",
          ...compressed,
          ...compressed
        ])
        assert.isFalse(fs.existsSync(pendingOf(output)))
      })
    )
  )

  const lineNumbers = (text: string): ReadonlyArray<number> =>
    [...text.matchAll(/"line":(\d+)/g)].map(([, line]) => Number(line))

  const opened = (output: string) => {
    const lines: Array<number> = []
    const visit = ({ line }: { readonly line: number }) => void lines.push(line)
    return { file: form.open(output, visit, () => {}), lines }
  }

  it.live("has no line twice when the rescued file of a replaced one is put back", () =>
    inFolder((path) =>
      Effect.sync(() => {
        const output = path("out.jsonl.gz")
        const { file } = opened(output)
        file.append(row(1, 1))
        writeFileSync(path("other"), "other")
        renameSync(path("other"), output)
        assert.throws(() => file.sync(), /^another program has replaced /)
        // Rows in flight when the job failed.
        file.append(row(2, 1))
        file.close()
        renameSync(`${output}.rescued-1`, output)
        const again = opened(output)
        assert.deepStrictEqual(again.lines, [1, 2])
        again.file.close()
        assert.deepStrictEqual(lineNumbers(gunzipSync(readFileSync(output)).toString()), [1, 2])
      })
    )
  )

  it.live("compresses the lines that no member has, of those that are not removed yet", () =>
    inFolder((path) =>
      Effect.sync(() => {
        const output = path("out.jsonl.gz")
        writeFileSync(output, gzipMember.encode(Buffer.from(row(1, 1) + row(2, 1))))
        writeFileSync(pendingOf(output), row(2, 1) + row(3, 1))
        const { file, lines } = opened(output)
        assert.deepStrictEqual(lines, [1, 2, 3])
        file.append(row(4, 1))
        file.close()
        assert.deepStrictEqual(lineNumbers(gunzipSync(readFileSync(output)).toString()), [1, 2, 3, 4])
      })
    )
  )
})
