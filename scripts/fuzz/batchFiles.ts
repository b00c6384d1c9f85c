/** Fuzzes the files of batch jobs: rows of an input, and the output that a job resumes from. */
import { readFileSync, writeFileSync } from "node:fs"
import { InvalidBatchRowError } from "@kimi-effect/core/BatchErrors"
import { InvalidRequestError } from "@kimi-effect/core/ValidationErrors"
import * as BigDecimal from "effect/BigDecimal"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { rowsOf, readerOf } from "../../packages/client/src/node/internal/batch/input/inputRows.ts"
import { openFile, Reading } from "../../packages/client/src/node/internal/batch/input/inputSource.ts"
import { UnreadableInput } from "../../packages/client/src/node/internal/batch/input/inputText.ts"
import { LineSet } from "../../packages/client/src/node/internal/batch/output/LineSet.ts"
import { DamagedLine } from "../../packages/client/src/node/internal/batch/output/OutputForm.ts"
import { form } from "../../packages/client/src/node/internal/batch/output/PlainOutput.ts"
import type { LineHead } from "../../packages/client/src/node/internal/batch/output/outputLine.ts"
import { scratchFile } from "./scratch.ts"
import { expect, type Target, toBytes, toText } from "./Target.ts"

const path = scratchFile("batch.jsonl")
const prompts = { column: "prompt", system: "Be brief." }
/** Each format of an input, of the same bytes. */
const readers = [{ input: path }, { input: path, prompts }, { input: path, format: "csv" as const, prompts }].map(
  (options) => Effect.runSync(readerOf(options))
)

/** A column that is missing, or text that cannot be read, ends the whole input. */
const isRefused = (error: unknown): boolean => error instanceof InvalidRequestError || error instanceof UnreadableInput

const checkRows = async (count: number): Promise<void> => {
  for (const reader of readers) {
    let last = 0
    try {
      for await (const group of rowsOf(reader, openFile(path), () => true, new Reading())) {
        for (const row of group) {
          const { line } = Result.isSuccess(row) ? row.success : row.failure
          expect(
            line !== undefined && line > last && line <= count,
            () => `line ${line} after line ${last} of ${count}`
          )
          last = line ?? last
          if (Result.isFailure(row)) expect(row.failure instanceof InvalidBatchRowError, () => "not an error of a row")
          else expect(Array.isArray(row.success.request.messages), () => "a request without messages")
        }
      }
    } catch (error) {
      if (!isRefused(error)) throw error
    }
  }
}

const checkHead = ({ cost, line, tag }: LineHead): void => {
  expect(Number.isSafeInteger(line) && line >= 1, () => `line ${line}`)
  expect(Math.abs(cost.scale) <= 64 && cost.value >= 0n, () => `a cost of ${BigDecimal.format(cost)}`)
  expect(tag === undefined || tag !== "", () => "an error without a tag")
}

/** An output is cut to its complete lines, and a file that is not one is left as it is. */
const checkOutput = (input: Uint8Array): void => {
  const done = new LineSet()
  const heads: Array<LineHead> = []
  const visit = (head: LineHead): void => {
    checkHead(head)
    done.add(head.line)
    heads.push(head)
  }
  try {
    form.open(path, visit, () => {}).close()
  } catch (error) {
    if (!(error instanceof DamagedLine)) throw error
    expect(readFileSync(path).equals(input), () => "a file that is not an output was changed")
    return
  }
  const complete = input.subarray(0, input.lastIndexOf(10) + 1)
  expect(readFileSync(path).equals(complete), () => "an output was not cut to its complete lines")
  for (const { line } of heads) expect(done.has(line), () => `line ${line} would be sent again`)
}

const run = async (input: Uint8Array): Promise<void> => {
  writeFileSync(path, input)
  await checkRows(toText(input).split("\n").length)
  checkOutput(input)
}

const messages = [{ role: "user", content: "Hi" }]
const rows = [
  { id: "a", messages },
  { custom_id: "b", method: "POST", url: "/v1/chat/completions", body: { model: "kimi-k3", messages } },
  { id: 3, request: { messages } },
  { id: "d", prompt: "Hi" }
]
const outputs = [
  '{"id":"a","line":1,"error_tag":null,"cost":{"USD":"0.0012"},"attempts":1,"cached":false,"response":{}}\n',
  '{"id":"b\\"","line":2,"error_tag":"RateLimitError","cost":null,"attempts":3,"cached":false,"error":{}}\n',
  '{"id":"c","line":30,"error_tag":null,"cost":{"CNY":"1e-17"},"attempts":1,"cached":true,"response":{}}\n'
]

export const batchFiles: Target = {
  name: "batch files",
  samples: [rows.map((row) => JSON.stringify(row)).join("\n"), outputs.join(""), ...outputs].map(toBytes),
  tokens: [
    "\n",
    "\r\n",
    "\uFEFF",
    "null",
    "[]",
    '"line":0',
    '"line":2147483648',
    '"line":99999999999999999999',
    '"line":-1',
    '"cost":{"USD":"-1"}',
    '"cost":{"USD":"1e400"}',
    '"cost":{"EUR":"1"}',
    '"error_tag":""',
    '"messages":{}',
    '"__proto__":{}',
    '"url":"/v1/embeddings"',
    '\\"',
    "{",
    "}"
  ],
  run
}
