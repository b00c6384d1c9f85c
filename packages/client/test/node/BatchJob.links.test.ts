import { existsSync, symlinkSync, writeFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as BatchJob from "../../src/node/BatchJob.ts"
import { inFolder, lineOf } from "./support/batch/answered.ts"

describe.skipIf(process.platform === "win32")("an output that is a symbolic link", () => {
  it.effect("is the job of the file to which it leads", () =>
    inFolder((path) =>
      Effect.gen(function* () {
        const [input, output, link] = [path("in.jsonl"), path("out.jsonl"), path("link.jsonl")] as const
        writeFileSync(input, `${lineOf("a")}\n${lineOf("b")}\n`)
        yield* BatchJob.run({ input, output })
        symlinkSync("out.jsonl", link)
        assert.deepInclude(yield* BatchJob.status(link), { state: "finished", answered: 2, total: 2 })
        const again = yield* BatchJob.run({ input, output: link })
        assert.deepInclude(again, { answered: 2, resumed: 2 })
        assert.isTrue((yield* BatchJob.repair(link, path("repaired.jsonl"))).hasRecord)
        assert.deepStrictEqual(yield* BatchJob.failedRows(link), [])
        assert.isFalse(existsSync(`${link}.job.json`))
      })
    )
  )

  it.effect("has its own records if a job was begun with it before its file existed", () =>
    inFolder((path) =>
      Effect.gen(function* () {
        const [input, link] = [path("in.jsonl"), path("link.jsonl")] as const
        writeFileSync(input, `${lineOf("a")}\n`)
        symlinkSync("out.jsonl", link)
        yield* BatchJob.run({ input, output: link })
        const again = yield* BatchJob.run({ input, output: link })
        assert.deepInclude(again, { answered: 1, resumed: 1 })
      })
    )
  )
})
